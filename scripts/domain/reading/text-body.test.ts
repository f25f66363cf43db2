import { describe, expect, it } from 'vitest'
import { readTextBody } from './text-body.ts'

describe('readTextBody', () => {
  it.each([
    ['vacuum of pg-7 FAILED', 'vacuum of pg-7 FAILED'],
    ['Ledger import: no space left on device\nsee the log', 'Ledger import: no space left on device'],
    ['Ledger check is no longer failing', 'Ledger check is no longer failing'],
    ['Échec du chargement des comptes', 'Échec du chargement des comptes'],
  ])('makes a document of a text that says what is wrong or over: %j', (text, title) => {
    expect(readTextBody(text)).toMatchObject({ title, description: text })
  })

  it.each([
    '[CRIT] 2026-11-02 copy of costs aborted',
    '[2026-11-02 05:10:11] [etl] copy failed',
    '<!channel> copy of costs failed',
  ])('takes a mark at the head for no JSON: %j', (text) => {
    expect(readTextBody(text)).toMatchObject({ title: text })
  })

  it.each(['[1, 2, 3', '["failed", "down"', '[{"status": "failed"}, ', '<html><body>failed</body></html>', '[failed'])(
    'finds no text in %j',
    (text) => {
      expect(readTextBody(text)).toBeNull()
    },
  )

  it('reads names and values, on lines of their own and within one', () => {
    expect(readTextBody('Monitor ledger entered alert status\n- Severity: 2\n- Trigger: more than 9')).toMatchObject({
      Severity: '2',
      Trigger: 'more than 9',
    })
    expect(readTextBody('load failed rc=2 host=etl-3 msg="disk is full"')).toMatchObject({
      rc: '2',
      host: 'etl-3',
      msg: 'disk is full',
    })
  })

  it('reads names and values without a word of trouble', () => {
    expect(readTextBody('Subject: Queue is long\nHost: db-7\n')).toMatchObject({
      Subject: 'Queue is long',
      Host: 'db-7',
    })
  })

  it('reads a form', () => {
    expect(readTextBody('Name=ledger&Status=Down&URL=https%3A%2F%2Fa.example.com')).toEqual({
      Name: 'ledger',
      Status: 'Down',
      URL: 'https://a.example.com',
    })
  })

  it.each([
    ['nothing', ''],
    ['a text that says nothing of trouble', 'hello, all is quiet'],
    ['a text without failures', 'The run is at work, with no errors'],
    ['JSON that was cut off', '{"status": "failed", "tab'],
    ['a list that was cut off', '[{"error": 1'],
    ['a page', '<html><body>error</body></html>'],
    ['bytes', 'error\u0000\u0001'],
    ['UTF-16 read as UTF-8', 'e\u0000r\u0000r\u0000o\u0000r\u0000'],
    ['what could not be decoded', 'error \uFFFD\uFFFD'],
  ])('finds none in %s', (_name, text) => {
    expect(readTextBody(text)).toBeNull()
  })
})
