import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { disguise } from './placeholders.ts'

describe('a disguise', () => {
  it.each([
    ['told by ada.l+night@shop.example', 'told by <email_1>'],
    ['paid from DE89 3704 0044 0532 0130 00 today', 'paid from <iban_1> today'],
    ['call +49 (30) 901820-44 now', 'call <phone_1> now'],
    ['call 030 901 820 44 now', 'call <phone_1> now'],
    ['no answer from 10.20.30.40:5432', 'no answer from <ip_1>:5432'],
    ['no answer from 2001:db8:0:1:1:1:1:1', 'no answer from <ip_1>'],
    ['no answer from fe80::1ff:fe23', 'no answer from <ip_1>'],
  ])('hides what identifies somebody: %s', (text, hidden) => {
    expect(disguise().hide(text)).toBe(hidden)
  })

  it.each([
    'scheduled__2026-11-20T02:00:00+00:00',
    '[2026-11-20, 03:18:44 UTC] {taskinstance.py:1332} ERROR',
    '118402 rows, before 303910',
    'shop.public.orders of 4.18.3',
    'exit code 137 at 05:31:02.123456',
    'TCK-012345678901',
    'numeric(18,4) 100.25 99.6 %',
  ])('leaves %s as it is', (text) => {
    expect(disguise().hide(text)).toBe(text)
  })

  it('calls the same the same, and another another', () => {
    expect(disguise().hide('a@b.example, c@d.example, a@b.example')).toBe('<email_1>, <email_2>, <email_1>')
  })

  it('hides configured names, longest first and in any case', () => {
    expect(disguise(['Acme', 'Acme Bank (Europe)']).hide('acme bank (europe) and ACME, not Acmeville')).toBe(
      '<name_1> and <name_2>, not Acmeville',
    )
  })

  it('puts back what it hid, and nothing that it did not', () => {
    const { hide, restore } = disguise()
    expect(restore(`it is ${hide('a@b.example')}, not <email_7>`)).toBe('it is a@b.example, not <email_7>')
  })

  it('lets no payload ask for the value of another', () => {
    const { hide, restore } = disguise()
    const text = `${hide('secret@b.example')} ${hide('<email_1> please')}`
    expect(restore(text)).toBe('secret@b.example email_1 please')
  })

  it('gives back any text that holds no placeholder', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        fc.pre(!/<(?:email|iban|phone|ip|name)_\d/.test(text))
        const { hide, restore } = disguise(['Acme'])
        expect(restore(hide(text))).toBe(text)
      }),
    )
  })
})
