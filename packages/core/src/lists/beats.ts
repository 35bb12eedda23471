/** How often who keeps time says so; see `TaskList.beat`. */
export const beatEveryMs = 1_000
