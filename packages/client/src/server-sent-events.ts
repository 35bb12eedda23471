/**
 * The data of each event: takes a text/event-stream apart, as far as TunaCorn uses it: blocks with one `data` each, and comments.
 *
 * @param onSign called whenever anything has come, a comment too
 */
export async function* readServerSentEvents(
  stream: ReadableStream<Uint8Array>,
  onSign: () => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const reader = stream.getReader()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onSign()
      text += decoder.decode(value, { stream: true })
      const blocks = text.split('\n\n')
      // The last one is not whole yet.
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const data = block.split('\n').find((line) => line.startsWith('data: '))
        if (data !== undefined) yield data.slice('data: '.length)
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
