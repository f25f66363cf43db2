/** One line of progress on standard error: rewritten in a terminal, a line each elsewhere. */
export interface Progress {
  step(text: string): void
  /** Ends the line that is shown, so that something else can be printed. */
  pause(): void
}

export function showProgress(started = Date.now()): Progress {
  const terminal = process.stderr.isTTY
  let shown = ''
  return {
    step(text) {
      if (text === shown) return
      shown = text
      const seconds = ((Date.now() - started) / 1000).toFixed(0).padStart(3)
      process.stderr.write(terminal ? `\r\x1b[K${seconds} s  ${text.slice(0, 110)}` : `${seconds} s  ${text}\n`)
    },
    pause() {
      if (terminal && shown) process.stderr.write('\r\x1b[K')
      shown = ''
    },
  }
}
