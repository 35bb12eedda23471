/**
 * The other end of `Program`: carries out orders as they come, and ends when who gives them does.
 *
 * @param {Record<string, (order: any) => Promise<object>>} verbs by the name of the order
 */
export function obey(verbs) {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (order) => {
    verbs[order.verb](order).then(
      (answer) => process.send(answer),
      (error) => process.send({ failure: String(error?.message ?? error) }),
    )
  })
}
