// Requests of the admin pages, with the session's CSRF token.

import { patientFetch } from "./reader.js";

const token = document.querySelector("meta[name=csrf-token]").content;

/** The response's JSON, or null for 204. Throws on network errors and error statuses. */
export async function ask(method, url, body) {
  const headers = { "X-CSRF-Token": token };
  if (body) headers["Content-Type"] = "application/json";
  const response = await patientFetch(url, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.status === 204 ? null : response.json();
}
