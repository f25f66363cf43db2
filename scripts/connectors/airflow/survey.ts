import type { Finding } from '../../domain/catalog-draft.ts'
import { assetOf } from '../../domain/reading/asset.ts'
import { oneLine } from '../../domain/text.ts'
import type { Survey } from '../connector.ts'
import { accessTo } from './access.ts'
import type { Dag } from './answers.ts'
import { tableOf } from './assets.ts'
import { openAirflow } from './client.ts'

/** What Airflow calls a DAG whose owner nobody wrote down. */
const nobody = 'airflow'

/** Its DAGs that run, with owners, tags and schedule; and the tables that tasks name as their outlets. */
export const airflowSurvey: Survey = {
  kinds: ['airflow'],
  async survey({ system, signal }, leftOut) {
    const client = openAirflow(accessTo(system), signal)
    const [{ dags, isWhole }, assets] = await Promise.all([client.dags(), client.assets()])
    if (!isWhole) leftOut?.('it has more than 2,000 DAGs; the first ones by name were read')
    // Where there is one Airflow, nobody need say which.
    const home = system.name === 'airflow' ? {} : { system: system.name }
    const common = { ...home, ...(system.environment ? { environment: system.environment } : {}) }
    const made = assets.flatMap((one): Finding[] => {
      const table = tableOf(one)
      const [maker] = one.producing_tasks
      if (!table || !maker) return []
      return [{ asset: table, says: { dag: maker.dag_id }, because: `${system.name}: an outlet of ${maker.dag_id}` }]
    })
    return [...dags.flatMap((dag) => findingOf(dag, system.name, common)), ...made]
  },
}

function findingOf(dag: Dag, system: string, common: Finding['says']): Finding[] {
  const asset = assetOf('dag', dag.dag_id)
  if (!asset) return []
  const owner = dag.owners?.find((name) => name.toLowerCase() !== nobody)
  const tags = dag.tags?.map(({ name }) => name) ?? []
  const tier = Number(tags.map((tag) => /^tier[-_: ]?([1-4])$/i.exec(tag)?.[1]).find((found) => found !== undefined))
  const schedule = dag.timetable_description || dag.timetable_summary
  const parts = [
    schedule ? `runs by ${oneLine(schedule, 100)}` : 'has no schedule',
    ...(tags.length > 0 ? [`tags ${oneLine(tags.join(', '), 100)}`] : []),
  ]
  const says = { ...common, ...(owner ? { owner } : {}), ...(tier ? { tier } : {}) }
  return [{ asset, says, because: `${system}: ${parts.join(', ')}` }]
}
