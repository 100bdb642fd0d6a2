// The frame of a crop: {left, top, right, bottom} as shares (0..1) of the picture as it is shown.

export const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };

const SMALLEST = 0.05; // of each side

/** Moved by shares of the picture, as far as it has room. */
export function moved(frame, x, y) {
  const right = clamp(x, -frame.left, 1 - frame.right);
  const down = clamp(y, -frame.top, 1 - frame.bottom);
  return {
    left: frame.left + right,
    right: frame.right + right,
    top: frame.top + down,
    bottom: frame.bottom + down,
  };
}

/** With the edges that `corner` names ("top left", say) moved by shares of the picture. */
export function resized(frame, corner, x, y) {
  const next = { ...frame };
  if (corner.includes("left")) next.left = clamp(frame.left + x, 0, frame.right - SMALLEST);
  if (corner.includes("right")) next.right = clamp(frame.right + x, frame.left + SMALLEST, 1);
  if (corner.includes("top")) next.top = clamp(frame.top + y, 0, frame.bottom - SMALLEST);
  if (corner.includes("bottom")) next.bottom = clamp(frame.bottom + y, frame.top + SMALLEST, 1);
  return next;
}

/** The frame of the same part once the picture is turned to the right by a quarter. */
export function turned({ left, top, right, bottom }) {
  return { left: 1 - bottom, right: 1 - top, top: left, bottom: right };
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
