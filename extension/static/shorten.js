// Formatted text on its way to the client: at most so many characters of it, without the pictures that stand in it as data.

// What `data:` addresses hold may be larger than everything around it, and is not passed on (RFC 2397).
const DATA = /\bdata:[^\s"'<>)]{256,}/gi;

/**
 * The beginning of formatted text: whatever is said behind a large picture is in it.
 * @param {string} html
 * @param {number} most
 */
export function shorten(html, most) {
  return html.length > most ? html.replace(DATA, "data:").slice(0, most) : html;
}
