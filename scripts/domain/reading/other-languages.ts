/** Keys as monitors write them whose users speak another language than English: by the English key that they stand for. */
const keys: Readonly<Record<string, string>> = {
  title: 'titel titre titulo titolo заголовок тема 标题 告警标题 告警名称 タイトル 題名 tytul',
  subject: 'betreff asunto assunto oggetto onderwerp predmet emne amne 主题 件名',
  description:
    'beschreibung descripcion descricao descrizione beschrijving omschrijving popis beskrivelse beskrivning kuvaus aciklama descriere leiras описание 描述 详情 说明 説明 詳細 opis',
  message:
    'nachricht meldung bericht zprava besked meddelande viesti mesaj uzenet mensaje mensagem messaggio сообщение 消息 内容 メッセージ komunikat wiadomosc',
  severity:
    'schweregrad gravite gravedad gravidade gravita severidad severidade серьезность критичность 级别 严重级别 严重程度 告警级别 重大度 深刻度 schwere niveau nivel livello poziom важность уровень dringlichkeit waznosc ernst zavaznost alvorlighed alvorlighetsgrad allvarlighetsgrad vakavuus onem severitate sulyossag',
  priority:
    'prioritat prioritaet priorite prioridad prioridade priorita prioriteit priorytet prioritet prioriteetti oncelik prioritate prioritas приоритет пріоритет 优先级 優先度',
  status:
    'zustand statut etat estado stato estatus toestand stav tilstand tillstand tila durum stare allapot статус состояние 状态 告警状态 状態 ステータス',
  table: 'tabelle tabla tabela tabella tabel tabulka tabell taulu tablo таблица 表 表名 数据表 テーブル テーブル名',
  database: 'datenbank basededatos basededonnees 数据库 データベース',
  host: 'rechner hote хост 主机 ホスト',
  server: 'serveur servidor сервер 服务器 サーバー serwer',
  service: 'dienst servicio servico servizio сервис служба 服务 サービス',
  job: 'auftrag задание 任务 作业 ジョブ zadanie proceso processo proces traitement ジョブ名 job名 バッチ名',
  task: 'aufgabe tarea tarefa tache задача タスク',
  error: 'fehler erreur erro errore ошибка 错误 エラー blad',
  reason: 'ursache grund raison razon motivo причина 原因 理由',
  timestamp:
    'zeitpunkt zeitstempel uhrzeit datum horodatage fecha fechahora dataora datahora время дата 时间 发生时间 告警时间 時刻 発生時刻 日時 発生日時 quand cuando quando zeit czas kiedy',
  problem: 'probleme problema проблема 問題 问题 storung stoerung',
  result: 'ergebnis resultado wynik resultat risultato esito resultaat результат 结果 結果',
  check: 'pruefung prufung verificacion controllo controle проверка 检查 チェック',
  where: 'ou donde dove gdzie wo onde где',
  what: 'quoi cosa',
  script: 'skript скрипт スクリプト 脚本',
  system: 'sistema systeme システム 系统',
  exitcode: '終了コード codigodesalida coderetour codederetour ruckgabewert rueckgabewert',
  environment: 'umgebung environnement entorno ambiente omgeving окружение среда 环境 環境 srodowisko',
}

const english = new Map(Object.entries(keys).flatMap(([key, words]) => words.split(' ').map((word) => [word, key])))

/** A plain key in English; itself where it is no word that is known. */
export function englishKey(key: string): string {
  // What is written in Latin letters without accents is looked up as it is; nearly all keys are.
  return english.get(/^[\x20-\x7e]*$/.test(key) ? key : withoutAccents(key)) ?? key
}

/** `ü` as `u`, and `ё` as `е`; letters that are no accented ones stay. */
function withoutAccents(text: string): string {
  return text
    .normalize('NFD')
    .replace(/(?<=[\p{Script=Latin}\p{Script=Cyrillic}])\p{M}+/gu, '')
    .normalize('NFC')
}

/** Words of states in other languages: over, wrong, well, and what turns the word behind it round. */
export const states = {
  over:
    'vyřešeno obnoveno løst löst åtgärdat ratkaistu çözüldü rezolvat ' +
    'behoben gelöst erledigt geschlossen wiederhergestellt résolu résolue rétabli rétablie clos resuelto resuelta cerrado cerrada recuperado recuperada ' +
    'resolvido resolvida fechado risolto risolta chiuso opgelost hersteld gesloten решено решена решён закрыто восстановлено ' +
    '已恢复 恢复 已解决 已关闭 解除 復旧 解決 解決済み 回復',
  firing:
    'неудача неуспешно błąd błędem niepowodzenie awaria incorrecto erróneo fehlerhaft abgebrochen gescheitert échoué' +
    ' ' +
    'gestört defekt unterbrochen caído caída inaccesible inaccessible indisponible bloqué bloqueado interrotto onbereikbaar selhalo selhání chyba misslyckades misslyckad fejlet feilet epäonnistui başarısız ' +
    'fehler fehlgeschlagen störung ausgefallen offen kritisch échec échoué erreur panne fallo fallido falló abierto activo activa falha falhou erro ' +
    'aberto errore fallito fout mislukt storing ошибка сбой авария 告警 报警 失败 异常 错误 故障 失敗 異常 障害 エラー 発生',
  well: 'fertig beendet correcto terminé réussie éxitoso gelukt sukces powodzenie успех erfolgreich réussi succès éxito exitoso sucesso riuscito geslaagd успешно 成功 正常',
  not: 'nicht kein keine pas nao não не ni niet',
}

/** Words of severity in other languages. */
export const severities = {
  CRITICAL:
    'kritická kritický kriittinen kritik kritikus critică krytyczny krytyczna kritische критическая kritisch critique crítica crítico critica critico kritiek критическая критический критично критическое bloquante urgente dringend 严重 紧急 致命 緊急 重大',
  HIGH: 'vysoká vysoký hög høj høy korkea yüksek ridicată ridicat magas haute haut висока wysoki wysoka grave hoch hohe schwer élevé élevée majeur majeure alta alto hoog высокая высокий 高 重要',
  MEDIUM:
    'střední stredná medel mellem keskitaso orta közepes средна średni średnia mittel moyenne moyen media medio média médio gemiddeld средняя средний warnung avertissement 中 一般 警告',
  LOW: 'nízká nízký låg lav matala düşük scăzută alacsony basse bas низька niski niska niedrig gering faible mineure mineur baja bajo baixa baixo bassa basso laag низкая низкий hinweis 低 次要 提示',
}

/** What titles in other languages say of the state, as parts of a pattern: marks that it is over, sentences that it is, and trouble. */
export const titleStates = {
  over: 'behoben|gelöst|erledigt|entwarnung|résolue?|rétablie?|resuelt[oa]|recuperad[oa]|resolvid[oa]|risolt[oa]|opgelost|hersteld|rozwiązan[eoy]|решен[оа]?|восстановлен[оа]?|復旧|解決済?み?|回復|已恢复|恢复|已解决',
  overSaid:
    '(?<!nicht |noch nicht )\\bbehoben\\b|\\b(?:ist|sind|läuft|laufen) wieder (?:da|ok|online|erreichbar|verfügbar|normal)|erfolgreich (?:abgeschlossen|beendet)|sin errores|sans erreur|ohne fehler|senza errori|正常に(?:完了|終了)|已恢复|復旧しました|решена',
  firing:
    'fehlgeschlagen|gescheitert|abgebrochen|(?<!\\p{L})fehler(?!frei)|störung|ausgefallen|(?<!\\p{L})échec|échou|erreur|\\bpanne\\b|falló|\\bfallo\\b|fallid[oa]|falhou|falha\\b|\\berro\\b|errore\\b|fallit[oa]|mislukt|błąd|awaria|ошибка|сбой|авария|失败|異常|异常|障害|故障|エラー|失敗',
}
