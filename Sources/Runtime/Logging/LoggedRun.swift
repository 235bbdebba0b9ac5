import Federation
import Ledger
import Measures
import Server
import Synchronization
import Wire

/// Writes what is noticed of a run into its log, and passes it on.
final class LoggedRun: RunObserver {
  private let log: RunLog
  private let observer: any RunObserver
  private let lastWaiting = Mutex<[Int]?>(nil)

  /// A log beside another observer.
  init(log: RunLog, observer: any RunObserver) {
    self.log = log
    self.observer = observer
  }

  func closed(_ progress: RunProgress) {
    let record = progress.record
    let facts: [(String, LogField)] = [
      ("round", .number(record.round)), ("stage", .number(record.stage)),
      ("selected", .number(record.selected)), ("accepted", .number(record.accepted)),
      ("late", .number(record.late)), ("lost", .number(record.lost)),
      ("refused", .number(record.refused)), ("duplicates", .number(record.duplicates)),
      ("seconds", .fraction(record.elapsed.seconds)),
    ]
    let measures = Measure.kept.filter(\.isLogged).map { measure in
      (measure.name, LogField.fraction(record[measure] ?? .nan))
    }
    let total: [(String, LogField)] = [
      ("downBytes", .number(progress.total.down.wire.bytes)),
      ("upBytes", .number(progress.total.up.wire.bytes)),
    ]
    log.write(.info, "round closed", fields: facts + measures + total)
    observer.closed(progress)
  }

  func noticed(_ notice: BrokerNotice) {
    switch notice {
    case .waiting(let shortage):
      if isNews([shortage.able, shortage.needed]) {
        log.write(
          .notice, "waiting for clients",
          [
            "present": .number(shortage.able), "needed": .number(shortage.needed),
            "lacking": .text(shortage.names),
          ])
      }
    case .gaveUp(let shortage, let isOverdue):
      log.write(
        .error, "given up for want of clients",
        [
          "present": .number(shortage.able), "needed": .number(shortage.needed),
          "lacking": .text(shortage.names), "overdue": .flag(isOverdue),
        ])
    case .opened(let round, let stage, let selected):
      _ = isNews(nil)
      log.write(
        .info, "round opened",
        ["round": .number(round), "stage": .number(stage), "selected": .number(selected)])
    case .evaluating(let round, let clients):
      log.write(
        .info, "clients evaluate", ["round": .number(round), "clients": .number(clients)])
    case .measuring(let clients):
      log.write(.info, "clients measured", ["clients": .number(clients)])
    case .normalized(let made, let clients):
      log.write(
        .info, "normalization made",
        [
          "clients": .number(clients), "means": .text("\(made.means)"),
          "deviations": .text("\(made.deviations)"),
        ])
    case .refused(let client, let reason, let detail):
      log.write(
        .warning, "client refused",
        ["client": .number(client), "reason": .text(reason.name), "detail": .text(detail)])
    case .declined(let client, let reason, let detail):
      log.write(
        .warning, "client declined",
        ["client": .number(client), "reason": .text(reason.name), "detail": .text(detail)])
    case .worker(let news): noticed(news)
    case .ordered: break  // the loop logs it, with whoever gave the order
    }
    observer.noticed(notice)
  }

  private func noticed(_ news: WorkerNews) {
    let (event, level, group): (String, LogLevel, WorkerGroup) =
      switch news {
      case .came(let group): ("worker joined", .info, group)
      case .left(let group): ("worker left", .info, group)
      case .vanished(let group): ("worker vanished", .warning, group)
      case .silent(let group, _): ("worker silent", .warning, group)
      case .heard(let group): ("worker heard again", .notice, group)
      }
    var fields: [(String, LogField)] = [
      ("worker", .text(group.place.name)), ("clients", .text("\(ClientRange(of: group.clients))")),
      ("count", .number(group.clients.count)),
    ]
    if let address = group.place.address { fields.append(("address", .text(address))) }
    if let process = group.place.process { fields.append(("process", .number(process))) }
    if case .silent(_, let time) = news { fields.append(("seconds", .fraction(time.seconds))) }
    log.write(level, event, fields: fields)
  }

  func warned(_ problem: String) {
    log.write(.warning, "warning", ["problem": .text(problem)])
    observer.warned(problem)
  }

  func remarked(_ remark: String) {
    log.write(.warning, "data", ["remark": .text(remark)])
    observer.remarked(remark)
  }

  /// True if this isn't what was waited for before, which is told each second.
  private func isNews(_ waiting: [Int]?) -> Bool {
    lastWaiting.withLock { last in
      defer { last = waiting }
      return last != waiting
    }
  }

  func collapsed(round: Int, stage: Int, accuracy: Double) {
    log.write(
      .warning, "collapse",
      ["round": .number(round), "stage": .number(stage), "accuracy": .fraction(accuracy)])
    observer.collapsed(round: round, stage: stage, accuracy: accuracy)
  }

  func discarded(_ round: DiscardedRound) {
    var fields: [(String, LogField)] = [
      ("round", .number(round.round)), ("fault", .text(round.fault.name)),
    ]
    if let farthest = round.farthest {
      fields += [("client", .number(farthest.client)), ("norm", .fraction(farthest.norm))]
    }
    log.write(.error, "round discarded", fields: fields)
    observer.discarded(round)
  }
}
