/** Why an attempt failed, in words. */
export const causeWords: Readonly<Record<string, string>> = {
  reported: 'its worker said so',
  lapsed: 'its worker was not heard of any more',
  'timed-out': 'it took too long',
  'not-claimed': 'no worker came for it in time',
}
