/** One line of the console's own log, on standard error. Nothing of a request's body, cookie or query is ever logged. */
export function log(text: string): void {
  process.stderr.write(`${new Date().toISOString()} console: ${text.replaceAll(/[\r\n]+/g, ' ')}\n`)
}
