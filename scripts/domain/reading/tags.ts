/** Tags in the manner of `host:db-1,env:prod` or `host=db-1`, as names and values; a tag without a value is left out. */
export function tagsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .slice(0, 8000)
      .split(/[,\n]/, 200)
      .flatMap((tag) => {
        const [, key, value] = /^\s*([\w./-]{1,100})\s*[:=]\s*(\S.*)$/.exec(tag) ?? []
        return key === undefined || value === undefined ? [] : [[key, value.trim()]]
      }),
  )
}
