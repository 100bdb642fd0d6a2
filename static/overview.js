// The admin overview: asks for confirmation before deleting all drawings.

import { ask } from "./admin.js";

document.getElementById("delete-all")?.addEventListener("click", async ({ target }) => {
  if (!confirm(target.dataset.question)) return;
  await ask("DELETE", "/admin/api/drawings");
  location.reload();
});
