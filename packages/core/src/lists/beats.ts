/** How often who keeps time says so; see `TaskList.beat`. */
export const beatEveryMs = 1_000

/**
 * When nobody has said so for so long, the store was away, or all who keep time were. Two beats that are late are no
 * outage yet; and the shorter it is, the shorter are the outages that are noticed.
 */
export const awayAfterMs = 3_000
