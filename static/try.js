// Sends a picture to the API and shows the raw response.

import { announce } from "./announce.js";
import { patientFetch } from "./reader.js";
import { at } from "./site.js";

const form = document.getElementById("try");
const output = document.getElementById("try-answer");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new FormData();
  body.append("image", document.getElementById("try-file").files[0]);
  let text;
  try {
    const response = await patientFetch(at("/api/v1/predict"), { method: "POST", body });
    text = `${response.status} ${response.statusText}\n` +
      JSON.stringify(await response.json(), null, 2);
  } catch (error) {
    text = String(error);
  }
  output.hidden = false;
  announce(output.querySelector("code"), text);
});
