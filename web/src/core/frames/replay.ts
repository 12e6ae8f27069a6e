/** ReplayWindow remembers which counters of one key id were opened (protocol/README.md section 4). */
const size = 1024
const longestJump = 2 ** 20

export class ReplayWindow {
  #highest = -1
  readonly #seen = new Uint8Array(size) // by counter modulo size; 1 for opened

  /** fits tells whether a frame may be opened: not opened before, not too old, no jump that would shut others out. */
  fits(counter: number): boolean {
    if (this.#highest < 0 || counter > this.#highest) return this.#highest < 0 || counter - this.#highest <= longestJump
    return counter > this.#highest - size && this.#seen[counter % size] === 0
  }

  /** take notes a frame whose tag verified; false when another took its counter meanwhile. */
  take(counter: number): boolean {
    if (!this.fits(counter)) return false
    if (counter > this.#highest) {
      const from = Math.max(this.#highest + 1, counter - size + 1)
      for (let c = from; c <= counter; c++) this.#seen[c % size] = 0
      this.#highest = counter
    }
    this.#seen[counter % size] = 1
    return true
  }
}
