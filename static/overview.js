// The admin's first page: what asks before it is done.

import { ask } from "./admin.js";

document.getElementById("delete-all")?.addEventListener("click", async ({ target }) => {
  if (!confirm(target.dataset.question)) return;
  await ask("DELETE", "/admin/api/drawings");
  location.reload();
});
