import Bytes
import Federation
import Foundation
import Ledger
import Measures
import Server
import Wire
import ZMTP
import ZeroMQ

/// The thread of a broker: waits for its sockets, timers and slow work, and hands all that happens
/// to its machine.
///
/// Slow work happens in the server's queue; only its results come back here. Made and run on one
/// thread.
final class BrokerLoop {
  let server: ServerQueue
  let observer: any RunObserver
  /// The addresses of the sockets, with the ports that `*` became.
  let endpoints: Endpoints
  /// The machine, and all that its actions ask for.
  let host: BrokerHost<ReceivedUpdate>
  /// The sockets that its messages go out of.
  let publisher: BrokerPublisher
  /// The books, and the watch over connections.
  let gate: BrokerGate

  /// The clients that each key may play.
  var admission: ClientAdmission
  var meters = MeterSchedule()
  /// The last round that was closed; nil where there is none.
  private(set) var lastRound: Int?
  /// The last meter reading of the run.
  private(set) var lastReading: MeterReading?
  /// The file of the clients that are excluded.
  let evictions: URL
  /// The durable record of the broker's incarnation.
  private let record: EpochRecord
  /// The answer to the last order.
  var lastAnswer: ControlAnswer?
  /// True if the run was given up, as too few clients were there.
  private(set) var isGivenUp = false

  private let inbox: Inbox<BrokerInput>
  private var authenticator: Authenticator?
  private let updates: Socket
  private var monitors: ConnectionMonitors
  /// The connections over which clients last spoke, by their descriptors.
  var speakers: Speakers
  /// True if all rounds are complete; nil while the run goes on.
  private var result: Bool?
  private var clock = WakingClock()
  /// The time that the run had lasted when this loop began.
  private let base: Duration

  /// A loop on sockets that are bound.
  ///
  /// - Parameters:
  ///   - plan: The plan of the run.
  ///   - settings: The broker's settings.
  ///   - sockets: The sockets.
  ///   - server: The queue for slow work.
  ///   - inbox: The results of other threads.
  ///   - observer: The observer of the run.
  ///   - log: The log for events.
  ///   - resumption: From where the run goes on; nil for a new one.
  ///   - stored: The updates of that round that are in the spool, by client, as they were offered.
  ///   - evictions: The file of the clients that are excluded.
  ///   - record: The durable record of the broker's incarnation.
  ///   - evicted: Those that were excluded before.
  ///   - normalization: The one that was made of clients' sums, if it was.
  init(
    plan: BrokerPlan, settings: BrokerSettings, sockets: consuming BrokerSockets,
    server: ServerQueue, inbox: Inbox<BrokerInput>, observer: any RunObserver, log: RunLog,
    resumption: Resumption? = nil, stored: [Int: Submission] = [:], evictions: URL,
    record: EpochRecord, evicted: Set<Int> = [], normalization: FederatedNormalization? = nil
  ) {
    self.evictions = evictions
    self.record = record
    speakers = Speakers(clients: plan.clients)
    self.server = server
    self.inbox = inbox
    self.observer = observer
    base = resumption?.elapsed ?? .zero
    gate = BrokerGate(
      settings.security.mechanism,
      limits: settings.connectionLimits
        ?? ConnectionLimits(
          clients: plan.clients, limits: plan.limits, uploadTime: plan.rules.uploadTime,
          mechanism: settings.security.mechanism),
      log: log)
    if let resumption {
      gate.books.resume(total: resumption.total)
      if resumption.epoch > 1 { gate.books.count("broker restart") }
      host = BrokerHost(
        BrokerMachine(
          plan: plan, round: resumption.round, at: base, stored: stored,
          history: resumption.state?.history ?? ParticipationHistory(), evicted: evicted,
          normalization: normalization))
    } else {
      host = BrokerHost(
        BrokerMachine(plan: plan, evicted: evicted, normalization: normalization))
    }
    admission = ClientAdmission(
      settings.security.accessControl, clients: plan.clients, sampleUnit: plan.rules.sampleUnit)
    authenticator = sockets.authenticator
    updates = sockets.updates
    monitors = sockets.monitors
    endpoints = sockets.endpoints
    publisher = BrokerPublisher(
      host, gate: gate, control: sockets.control, bulk: sockets.bulk)
  }

  /// Runs all rounds; true if they are complete, false if the broker was stopped before.
  ///
  /// - Throws: The error of the server's queue, `LedgerError` where a later epoch can't be
  ///   recorded, and `ZMQError`.
  func run() throws -> Bool {
    let inbox = inbox
    let watch = SubscriptionWatch(
      [endpoints.control, endpoints.bulk], limits: gate.connections.limits
    ) { _ = inbox.push(.subscriberCut) }
    watch.start()
    defer { watch.stop() }
    var poller = Poller()
    let published = publisher.watch(with: &poller)
    let updatesToken = poller.add(updates)
    _ = poller.add(inbox.wakeup)
    monitors.watch(with: &poller)
    authenticator?.watch(with: &poller)
    try handle(.tick)
    while true {
      if let result, meters.round == nil { return result }
      let wake = [host.wakeTime, meters.wakeTime].compactMap { $0 }.min()
      let wait = publisher.hasNews ? .zero : (wake ?? now + .seconds(1)) - now
      let inspection = (gate.connections.wakeTime ?? now + .seconds(1)) - now
      let most = max(.zero, min(wait, inspection, .seconds(1)))
      _ = try clock.wait(atMost: most) { most throws(ZMQError) in try poller.wait(atMost: most) }
      try authenticator?.serve()
      var lost: [Int] = []
      try monitors.drain { socket, event in
        gate.noticed(event, at: socket, now)
        guard socket == .updates else { return }
        switch event {
        case .accepted(let descriptor): speakers.accepted(descriptor)
        case .disconnected(let descriptor): lost += speakers.lose(descriptor)
        default: break
        }
      }
      for client in lost { try handle(.disconnected(client: client)) }
      if poller.isReadable(published.control) { try publisher.listen(on: .control) }
      if poller.isReadable(published.bulk) { try publisher.listen(on: .bulk) }
      gate.inspect(now)
      try publisher.takeNotices { try handle($0) }
      try compareMeters()
      // Nothing may be booked that the last reading hasn't seen.
      if let result, meters.round == nil { return result }
      for input in inbox.drain() { try take(input) }
      if poller.isReadable(updatesToken) { try takeUpdates() }
      try handle(.tick)
    }
  }

  /// The time that the run has lasted, but for that in which the process stood still.
  var now: Duration { base + clock.read() }

  /// The plan that is run.
  var plan: BrokerPlan { host.machine.plan }

  /// Hands an event to the machine and has done what it answers.
  func handle(_ event: BrokerEvent, carrying chunk: ReceivedChunk? = nil) throws {
    try host.handle(event, carrying: chunk, at: now, over: publisher, by: self)
  }

  /// Compares the ledger with the kernel's count when a stage has ended, or the run.
  private func compareMeters() throws(ZMQError) {
    guard let round = meters.round, meters.isDue(at: now) else { return }
    try publisher.listen(on: .control)
    try publisher.listen(on: .bulk)
    guard let page = monitors.page(gate.books) else {
      _ = meters.keeps(agreeing: true, at: now)
      return
    }
    let reading = monitors.reading(of: page)
    guard meters.keeps(agreeing: reading.agrees, at: now) else { return }
    monitors.advance(page)
    for line in reading.lines { gate.books.retransmitted(line.retransmitted) }
    if result == nil { server.note(reading, after: round) } else { lastReading = reading }
  }

  private func takeUpdates() throws {
    let limits = ReceiveLimits(
      frames: 2, size: ByteCount(plan.limits.chunkBytes + Envelope.maximalBytes))
    // Bounded, so that timers and results get their turn.
    for _ in 0..<256 {
      guard let reception = try updates.receive(limits: limits) else { return }
      switch reception {
      case .message(let message): try take(message)
      case .excess(let excess):
        gate.books.count("message beyond the limits")
        gate.books.received(stray: [excess.size.bytes])
      }
    }
  }
}

// The broker's own work: slow work goes to the server's queue, and the rest is told or counted.
extension BrokerLoop: BrokerExecutor {
  typealias Upload = ReceivedUpdate
  typealias Failure = any Error

  func prepare(round: Int) { server.prepare(round: round) }

  func store(
    _ upload: ReceivedUpdate, _ submission: Submission, of client: Int, attempt: Int, in round: Int
  ) {
    server.store(
      round: round, client: client, attempt: attempt, submission: submission, bytes: upload.bytes)
  }

  func lacksPlace(for client: Int, at offset: Int) { count("update chunk without a place") }

  func close(_ result: RoundResult) {
    let book = gate.books.close()
    server.close(
      ClosedRound(result: result, book: book, total: gate.books.total, elapsed: now))
    lastRound = result.round
  }

  func prepareEvaluation(round: Int) { server.prepareEvaluation(round: round) }

  func evaluated(_ result: EvaluationResult) {
    let book = gate.books.close()
    server.conclude(
      ClosedEvaluation(result: result, book: book, total: gate.books.total, elapsed: now))
  }

  func keep(labels: [Int], of client: Int) { server.keep(labels: labels, of: client) }

  func leap(to epoch: Int) throws {
    // Of an epoch that isn't on the disk nobody may hear: the run ends, and nothing more is sent.
    try record.begin(epoch)
    gate.log.write(.warning, "epoch raised", ["epoch": .number(epoch)])
  }

  func normalize(_ result: MeasuringResult) { server.normalize(result) }

  func count(_ name: String) { gate.books.count(name) }

  func notice(_ notice: BrokerNotice) {
    switch notice {
    case .gaveUp(let shortage, _):
      isGivenUp = true
      count(shortage.counter)
    case .ordered(_, let answer): lastAnswer = answer
    case .worker(.vanished): count("worker vanished")
    case .waiting, .opened, .evaluating, .measuring, .normalized, .refused, .declined, .worker:
      break
    }
    observer.noticed(notice)
  }

  func finished(complete: Bool) {
    result = complete
    if let lastRound { meters.request(after: lastRound, at: now) }
  }
}
