import { expect, test } from 'vitest'
import { isAllowedHost } from '../src/access/allowed-hosts.js'

const names = ['tuna.example.com', 'server']

test.each([
  'localhost',
  'LocalHost:8266',
  'api.localhost:8266',
  '127.0.0.1:8266',
  '192.168.1.5',
  '[::1]:8266',
  '[fe80::1]',
  'tuna.example.com',
  'TUNA.example.com:443',
  'server:8266',
  // No browser leaves it out.
  undefined,
])('a Host that leads here by nobody else’s word is taken: %s', (host) => {
  expect(isAllowedHost(host, names)).toBe(true)
})

test.each([
  'evil.example',
  'evil.example:8266',
  'localhost.evil.example',
  'tuna.example.com.evil.example',
  'evil.tuna.example.com',
  '127.0.0.1.evil.example',
  'evil.example:80:8266',
  '[evil.example]',
  '[::1',
  '::1]',
  '127.0.0.1@evil.example',
  'evil.example@127.0.0.1',
  'localhost evil.example',
  '2130706433.evil.example',
  '',
  ':8266',
  'notlocalhost',
])('another Host is not: %j', (host) => {
  expect(isAllowedHost(host, names)).toBe(false)
})
