// The embedded sheet: tells the page around it each answer, and when there is none any more.

const origins = JSON.parse(document.getElementById("origins").textContent);

/** The origins that may be the one of the page around; the browser lets no other one frame this. */
function possible() {
  const around = location.ancestorOrigins?.[0] ?? (document.referrer && new URL(document.referrer).origin);
  return origins.includes(around) ? [around] : origins; // where the browser does not tell
}

/** `answer` is what the API answers, or null: the sheet is blank or cannot be read. */
function tell(answer) {
  if (parent === window) return;
  for (const origin of possible()) parent.postMessage({ source: "inkling", answer }, origin);
}

document.addEventListener("answer", ({ detail }) => tell(detail));
