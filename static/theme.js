// Runs before first paint, so that the page never flashes in the wrong theme.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage may be blocked: follow the system's theme
    }
  };
  const systemDark = matchMedia("(prefers-color-scheme: dark)");

  const frames = [...document.querySelectorAll("meta[name=theme-color]")]; // for light and dark
  const colors = frames.map(({ content }) => content);

  /** Set the theme: "light", "dark", or "system" for that of the system. */
  const set = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    frames.forEach((frame, i) => {
      frame.content = { light: colors[0], dark: colors[1] }[theme] ?? colors[i];
    });
  };
  set(stored());

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return; // on embedded pages, and on the one for a server that is away
    const describe = () => {
      const words = button.dataset[root.dataset.theme ?? "system"];
      button.title = words;
      button.setAttribute("aria-label", words);
    };
    describe();
    button.addEventListener("click", () => {
      // The first press changes what is seen, the next one changes it back, then the system decides.
      const order = systemDark.matches ? ["light", "dark", "system"] : ["dark", "light", "system"];
      const theme = order[(order.indexOf(root.dataset.theme ?? "system") + 1) % order.length];
      set(theme);
      describe();
      try {
        localStorage.setItem("theme", theme);
      } catch {
        // storage may be blocked: the choice lasts for this page only
      }
      document.dispatchEvent(new Event("themechange"));
    });
  });
})();
