/** What went wrong, where what was asked for would be. */
export function ProblemBox({ text }: { text: string | undefined }) {
  if (text === undefined) return null
  return (
    <p class="problem-box" role="alert">
      {text}
    </p>
  )
}

/** Nothing is there, and why that is fine. */
export function Empty({ children }: { children: preact.ComponentChildren }) {
  return <p class="empty">{children}</p>
}
