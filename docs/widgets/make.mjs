/** Elements, made so that a text can never become anything but text. */

/** An element with attributes, listeners (`onclick` and the like) and children; a string among them is text.
 *
 * @param {string} tag
 * @param {Record<string, string | number | boolean | Function>} properties true and false set and leave out an attribute
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Whether what stands in a field is no number, or one that is too small or too large. */
export const isOut = ({ validity }) => validity.badInput || validity.rangeUnderflow || validity.rangeOverflow;
