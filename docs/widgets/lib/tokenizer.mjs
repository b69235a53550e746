/** Characters to integers and back, as lower_triangle.tokenizer does it. */

export class CharTokenizer {
  /** @param {string} vocabulary every character that is known, in the order of its token */
  constructor(vocabulary) {
    this.characters = [...vocabulary];
    this.tokenOf = new Map(this.characters.map((character, token) => [character, token]));
  }

  /** The tokens of those characters of a text that are known, and the others by themselves, each once.
   *
   * @param {string} text
   * @returns {{tokens: number[], unknown: string[]}}
   */
  encode(text) {
    const tokens = [];
    const unknown = new Set();
    for (const character of text) {
      const token = this.tokenOf.get(character);
      if (token === undefined) unknown.add(character);
      else tokens.push(token);
    }
    return { tokens, unknown: [...unknown] };
  }

  /** The text that tokens spell. */
  decode(tokens) {
    return tokens.map((token) => this.characters[token]).join("");
  }
}
