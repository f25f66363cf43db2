import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { factsAndLines, readChatMessage, withoutMarkup } from './chat-message.ts'

describe('readChatMessage', () => {
  it('reads a Slack message: its header, what it tells by name, its link', () => {
    const message = readChatMessage({
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: 'Failure: "rows" test failed' } },
        {
          type: 'section',
          text: { type: 'mrkdwn', text: '*Test:* rows | *Status:* fail\n<https://x.example/1|View>' },
        },
        { type: 'section', fields: [{ type: 'mrkdwn', text: '*Table*\nraw.orders' }] },
      ],
      attachments: [{ color: 'danger', fields: [{ title: 'Flow ID', value: 'orders', short: true }] }],
    })
    expect(message).toMatchObject({ title: 'Failure: "rows" test failed', link: 'https://x.example/1' })
    expect(Object.fromEntries(message?.facts ?? [])).toEqual({
      test: 'rows',
      status: 'fail',
      table: 'raw.orders',
      flowid: 'orders',
    })
  })

  it('reads a Teams card, whether it stands alone or is carried by a message', () => {
    const card = {
      type: 'AdaptiveCard',
      body: [
        { type: 'TextBlock', text: '**Sync failed**' },
        { type: 'FactSet', facts: [{ title: 'Owner', value: 'data' }] },
        { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: 'see [the log](https://x.example/2)' }] },
      ],
    }
    const carried = { type: 'message', attachments: [{ contentType: 'card', content: card }] }
    for (const body of [card, carried]) {
      const message = readChatMessage(body)
      expect(message).toMatchObject({ title: 'Sync failed', link: 'https://x.example/2' })
      expect(message?.facts.get('owner')).toBe('data')
    }
  })

  it('reads names and values on lines as well, whatever draws them', () => {
    const message = readChatMessage({
      embeds: [
        { description: 'Flow ID: close\n> **Host**：db-1<br><b>Table</b>: costs\nsee https://x.example/3\n12:30: no' },
      ],
    })
    expect(Object.fromEntries(message === null ? [] : factsAndLines(message))).toEqual({
      flowid: 'close',
      host: 'db-1',
      table: 'costs',
    })
  })

  it.each([{}, { status: 'failed' }, { blocks: [] }, { text: 5 }, [], null, 'text'])(
    'takes %j for no message',
    (body) => {
      expect(readChatMessage(body)).toBeNull()
    },
  )

  it('never throws, and stays small', () => {
    const part = fc.dictionary(
      fc.constantFrom('text', 'blocks', 'fields', 'facts', 'title', 'value', 'type'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(fc.array(part), (blocks) => {
        expect(readChatMessage({ blocks })?.texts.length ?? 0).toBeLessThanOrEqual(500)
      }),
    )
  })
})

it('takes the marks off a text, and nothing out of a name', () => {
  expect(withoutMarkup('*<https://x.example/a|[shop] orders_elt>*')).toBe('[shop] orders_elt')
  expect(withoutMarkup('`raw.order_items`')).toBe('raw.order_items')
  expect(withoutMarkup('Failed :no_entry:')).toBe('Failed')
})
