/**
 * Keeps what was used lately, within a weight. Two generations: what is used is in the young one; when that has half of
 * the weight it becomes the old one, and what was not used since the last time is forgotten. So that something is used
 * costs a look into a map: an order kept exactly would cost a deletion and an insertion each time.
 */
export class Recent<Value> {
  readonly #maxWeight: number
  readonly #weightOf: (value: Value) => number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()
  #youngWeight = 0

  /** @param weightOf must say the same of a value each time. */
  constructor(maxWeight: number, weightOf: (value: Value) => number) {
    this.#maxWeight = maxWeight
    this.#weightOf = weightOf
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) {
      this.#old.delete(key)
      this.#add(key, old)
    }
    return old
  }

  set(key: string, value: Value): void {
    this.delete(key)
    this.#add(key, value)
  }

  delete(key: string): void {
    const young = this.#young.get(key)
    if (young === undefined) this.#old.delete(key)
    else {
      this.#young.delete(key)
      this.#youngWeight -= this.#weightOf(young)
    }
  }

  #add(key: string, value: Value): void {
    this.#young.set(key, value)
    this.#youngWeight += this.#weightOf(value)
    if (2 * this.#youngWeight <= this.#maxWeight) return
    this.#old = this.#young
    this.#young = new Map()
    this.#youngWeight = 0
  }
}
