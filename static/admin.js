// How the admin's pages ask the server: with the session's token against forged requests.

const token = document.querySelector("meta[name=csrf-token]").content;

/** The answer's body; throws where there is none or it is an error. */
export async function ask(method, url, body) {
  const headers = { "X-CSRF-Token": token };
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.status === 204 ? null : response.json();
}
