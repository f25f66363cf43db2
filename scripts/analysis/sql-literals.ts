/** A line that holds a statement, or what a server quotes of one. */
const statement = /\b(?:select|insert|update|delete|merge|values|where|copy|call|set|alter|exec|execute)\b/i

/** Strings in quotes (doubled or escaped inside), dollar-quoted strings, numbers that stand alone. */
const literals =
  /\$(\w{0,32})\$[\s\S]*?\$\1\$|[eEnNbBxX]?'(?:[^'\\]|''|\\.)*(?:'|$)|(?<![\w.$"])-?\d+(?:\.\d+)?(?![\w."])/g

/** PostgreSQL tells the row that broke a constraint: `Key (email)=(ada@shop.example) already exists`. */
const keyValues = /\bKey \(([^()]{1,200})\)=\((.{0,2000}?)\)(?= |\.|$)|\bFailing row contains \((.{0,8000})\)/g

/** A statement without its values: they are data of the warehouse, and no diagnosis needs them. */
export function stripStatement(sql: string): string {
  return sql.replace(literals, '?')
}

/** A log or message without the values of the statements that it quotes. Numbers stay: they are times and codes. */
export function stripQuotedSql(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const bare = line.replace(keyValues, (_, columns) =>
        columns ? `Key (${columns})=(?)` : 'Failing row contains (?)',
      )
      return statement.test(bare) ? bare.replace(/'(?:[^'\\]|''|\\.)*(?:'|$)/g, "'?'") : bare
    })
    .join('\n')
}
