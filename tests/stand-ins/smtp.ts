import { createServer, type Socket } from 'node:net'

/** One mail as the server took it. */
export interface Mail {
  from: string
  to: string[]
  /** Headers and body, as they came. */
  text: string
}

/** What goes wrong at a step: an answer of its own, silence, or a connection that is cut; `after`: once it was taken. */
export interface SmtpFault {
  at: 'connect' | 'mail' | 'rcpt' | 'data' | 'auth' | 'after'
  answer: string | 'hang' | 'cut'
  onReached?: () => void
}

export interface SmtpStandIn {
  readonly settings: { SMTP_URL: string; EMAIL_FROM: string; EMAIL_TO: string }
  readonly mails: Mail[]
  fail(fault: SmtpFault): void
  /** Says nothing at that step from then on; resolves when it was reached. */
  hang(at: SmtpFault['at']): Promise<void>
  close(): Promise<void>
}

/** A mail server without encryption, on 127.0.0.1. https://www.rfc-editor.org/rfc/rfc5321 */
export async function startSmtp(): Promise<SmtpStandIn> {
  const mails: Mail[] = []
  const faults: SmtpFault[] = []
  const sockets = new Set<Socket>()

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    let mail: Mail = { from: '', to: [], text: '' }
    let reading = false
    let pending = ''
    /** Answers as scripted for this step, or as usual. */
    const answer = (at: SmtpFault['at'] | null, usual: string) => {
      const index = faults.findIndex((fault) => fault.at === at)
      const [fault] = index < 0 ? [] : faults.splice(index, 1)
      fault?.onReached?.()
      if (fault?.answer === 'hang') return false
      if (fault?.answer === 'cut') socket.destroy()
      else socket.write(`${fault?.answer ?? usual}\r\n`)
      return fault === undefined
    }
    answer('connect', '220 mail.example ESMTP')
    socket.on('data', (chunk) => {
      pending += chunk.toString('utf8')
      for (let end = pending.indexOf('\r\n'); end >= 0; end = pending.indexOf('\r\n')) {
        const line = pending.slice(0, end)
        pending = pending.slice(end + 2)
        if (!reading) command(line)
        else if (line === '.') {
          reading = false
          mails.push(mail)
          mail = { from: '', to: [], text: '' }
          answer('after', '250 2.0.0 Ok: queued')
        } else mail.text += `${line.replace(/^\./, '')}\r\n`
      }
    })

    function command(line: string) {
      const [, verb = '', rest = ''] = /^(\w+)\s?(.*)$/.exec(line) ?? []
      switch (verb.toUpperCase()) {
        case 'EHLO':
          socket.write('250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n')
          return
        case 'AUTH':
          answer('auth', '235 2.7.0 Authentication successful')
          return
        case 'MAIL':
          if (answer('mail', '250 2.1.0 Ok')) mail.from = /<([^>]*)>/.exec(rest)?.[1] ?? ''
          return
        case 'RCPT':
          if (answer('rcpt', '250 2.1.5 Ok')) mail.to.push(/<([^>]*)>/.exec(rest)?.[1] ?? '')
          return
        case 'DATA':
          reading = answer('data', '354 End data with <CR><LF>.<CR><LF>')
          return
        case 'QUIT':
          socket.end('221 2.0.0 Bye\r\n')
          return
        default:
          socket.write('502 5.5.2 Error: command not recognized\r\n')
      }
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.')
  return {
    settings: {
      SMTP_URL: `smtp://bot:stand-in-password@127.0.0.1:${address.port}`,
      EMAIL_FROM: 'incidents@example.com',
      EMAIL_TO: 'data@example.com',
    },
    mails,
    fail: (fault) => faults.push(fault),
    hang: (at) => new Promise((onReached) => faults.push({ at, answer: 'hang', onReached })),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
