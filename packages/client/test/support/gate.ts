/** Something that a test opens, and that handlers wait for. */
export class Gate {
  readonly opened: Promise<void>
  open: () => void = () => {}

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve))
  }
}
