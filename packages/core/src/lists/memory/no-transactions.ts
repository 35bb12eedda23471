export function noTransactions(): TypeError {
  return new TypeError('Expected a store with transactions, but this one is in memory. Give a database.')
}
