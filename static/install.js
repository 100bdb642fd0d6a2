// Registers the service worker, once the page has all that it needs itself.

export function install() {
  const { worker } = document.querySelector("link[rel=manifest]").dataset;
  const register = () => navigator.serviceWorker?.register(worker).catch(() => {
    // it is refused in private windows; the page works without it
  });
  if (document.readyState === "complete") register();
  else addEventListener("load", register);
}
