/** Enough for the keys of all monitors; a body made of others costs the reading of each, and no more memory. */
const mostAnswers = 5000
const longestText = 100

/** The function, which keeps its answers for short texts: the keys and paths of bodies come again and again. */
export function remember<Answer extends NonNullable<unknown>>(
  answerTo: (text: string) => Answer,
): (text: string) => Answer {
  const answers = new Map<string, Answer>()
  return (text) => {
    const known = answers.get(text)
    if (known !== undefined) return known
    const answer = answerTo(text)
    if (text.length <= longestText && answers.size < mostAnswers) answers.set(text, answer)
    return answer
  }
}
