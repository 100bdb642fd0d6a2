// The ten bars of templates/learn/_macros.html.

const HEIGHT = 50;

/** Show ten probabilities, 0..1; without any, empty bars. */
export function showBars(svg, probabilities) {
  const shares = probabilities ?? Array(10).fill(0);
  const best = probabilities ? Math.max(...shares) : Infinity;
  [...svg.querySelectorAll("g")].forEach((group, digit) => {
    const bar = group.querySelector("rect");
    bar.setAttribute("y", HEIGHT - HEIGHT * shares[digit]);
    bar.setAttribute("height", HEIGHT * shares[digit]);
    group.classList.toggle("best", shares[digit] === best);
  });
}

/** Show a picture, or nothing where `url` is empty. */
export function showPicture(image, url) {
  image.classList.toggle("none", !url);
  if (url) image.src = url;
}
