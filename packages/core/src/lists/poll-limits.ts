/** How many polls a store remembers, those asked last: whoever makes up names shall not fill it. */
export const maxPolls = 2_000
/** How long a store remembers them. */
export const pollsKeptMs = 7 * 24 * 60 * 60 * 1000
