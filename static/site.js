// Where the site is: a proxy may have it under a path of its host.

/** The URL of one of the app's own paths, such as "/api/v1/predict". */
export function at(path) {
  return document.body.dataset.root + path;
}
