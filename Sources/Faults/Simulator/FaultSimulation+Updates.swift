import Federation
import Measures
import Wire

extension FaultSimulation {
  /// Makes room for an update.
  func reserve(_ client: Int, _ length: Int) {
    broker?.uploads[client] = BrokerProcess.Upload(
      length: length, missing: RangeSet(0..<length))
    guard let uploads = broker?.uploads else { return }
    let inFlight = uploads.values.reduce(0) { $0 + $1.length }
    if inFlight > scenario.limits.bytesInFlight, uploads.count > 1 {
      violate(
        .bounded, "\(inFlight) bytes in flight; the limit is \(scenario.limits.bytesInFlight)")
    }
  }

  /// Puts the chunk that is at hand into a client's update.
  func receive(_ client: Int, _ offset: Int) {
    guard let current, case .updateChunk(let actual, let length) = current.body,
      var upload = broker?.uploads[client]
    else { return violate(.whole, "a chunk of client \(client) has no place") }
    if mutation != .forgetsMissingRanges, actual != offset {
      violate(.whole, "a chunk of client \(client) at \(actual) goes to \(offset)")
    }
    upload.missing.remove(contentsOf: actual..<actual + length)
    let attempt = current.header.attempt
    if upload.attempt ?? attempt != attempt { upload.isMixed = true }
    upload.attempt = attempt
    broker?.uploads[client] = upload
  }

  /// Checks an update and brings it to the disk.
  func store(_ round: Int, _ client: Int, _ attempt: Int, _ submission: Submission) {
    let offer = submission.offer
    guard let process = broker, let upload = process.uploads[client] else {
      return violate(.whole, "there is no update of client \(client) to store")
    }
    broker?.uploads[client]?.storing = round
    if upload.length != offer.length || !upload.missing.isEmpty || upload.isMixed
      || upload.attempt != attempt
    {
      return violate(.whole, "the update of client \(client) has holes or bytes of another")
    }
    var submission = submission
    if mutation == .mistakesStages { submission.stage = 3 - submission.stage }
    checkBase(of: submission)
    let time = now + pause(1...200)
    let life = process.life
    if fullDisks > 0 {
      schedule(
        .stored(
          client: client, round: round, .refused(.overloaded, detail: "disk full"), life: life),
        at: time)
      return
    }
    schedule(.durable(client: client, round: round, submission, life: life), at: time)
    if mutation == .acknowledgesBeforeStoring {
      tell(.stored(round: round, client: client, .accepted))
    }
  }

  /// An update has reached the disk; the broker will learn of it, unless it crashes before.
  func durable(_ client: Int, _ round: Int, _ submission: Submission, _ life: Int) {
    // A killed broker's write may still have been done, but not one that comes later.
    guard let process = broker, process.life == life else { return }
    if round == disk.round + 1, process.closing != nil {
      // What counts in the next round is stored after the last one's end.
      return schedule(
        .durable(client: client, round: round, submission, life: life),
        at: now + .milliseconds(20))
    }
    if round == disk.round, process.closing == nil {
      if let known = disk.spool[client], known != submission {
        violate(.exactlyOnce, "two updates of client \(client) are stored for round \(round)")
      }
      disk.spool[client] = submission
      note("the update of client \(client) for round \(round) is durable")
    }
    schedule(
      .stored(client: client, round: round, .accepted, life: life), at: now + pause(0...20))
  }

  /// A round is over: it is aggregated and committed in a while.
  func close(_ result: RoundResult) {
    guard let process = broker else { return }
    note("round \(result.round) ends: \(result.outcomes.map(\.outcome.summary))")
    var result = result
    if mutation == .countsDuplicates, result.duplicates > 0, let first = result.accepted.first {
      result.outcomes.append((first.client, .accepted(first.submission)))
    }
    if mutation == .countsLateTwice, let first = process.late.first {
      result.outcomes.append((first.client, .accepted(first.submission)))
    }
    checkResult(result)
    broker?.late = result.accepted.filter { $0.submission.round < result.round }
    broker?.history = process.machine.history
    broker?.acknowledged = []
    broker?.restored = []
    broker?.deadline = nil
    let time = now + pause(10...300)
    if mutation == .commitsLate {
      schedule(.committed(life: process.life), at: time + .milliseconds(500))
      broker?.closing = nil
      return
    }
    broker?.closing = result
    schedule(.committed(life: process.life), at: time)
  }

  /// The aggregated model has reached the disk.
  func commit(_ life: Int) {
    guard let process = broker, process.life == life, let result = process.closing else { return }
    guard fullDisks == 0 else {
      schedule(.committed(life: life), at: now + .milliseconds(200))
      return
    }
    disk.committed.append(Set(result.accepted.map(\.client)))
    disk.counted.formUnion(
      result.accepted.map { Disk.Update(client: $0.client, round: $0.submission.round) })
    disk.history = process.history
    disk.spool = [:]
    note("round \(result.round) is committed")
    broker?.closing = nil
    prepareNext()
  }
}
