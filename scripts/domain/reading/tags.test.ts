import { expect, it } from 'vitest'
import { tagsOf } from './tags.ts'

it.each([
  ['host:db-1,env:prod', { host: 'db-1', env: 'prod' }],
  ['monitor, name:orders sink, role = x', { name: 'orders sink', role: 'x' }],
  ['url:https://x.example/a', { url: 'https://x.example/a' }],
  ['', {}],
  [':,=,a:', {}],
])('reads %j', (text, tags) => {
  expect(tagsOf(text)).toEqual(tags)
})
