import Bytes
package import Measures
package import Wire

/// A worker's fetching of the plan, over its first client's mailbox: event in, actions out; no
/// sockets, clock or threads.
///
/// It asks until chunks come, asks again for those that don't, and begins anew when the broker has
/// another plan meanwhile. Nothing of a length that no plan has is taken, nor chunks without an
/// end.
package struct PlanFetch: Hashable, Sendable {
  /// An event of a fetch.
  package enum Event: Hashable, Sendable {
    /// Time has passed.
    case tick
    /// The broker said something, to all or in the mailbox; a chunk with its bytes.
    case message(Message<Downlink>, payload: [UInt8] = [])
  }

  /// An action that a fetch's surroundings do for it.
  package enum Action: Hashable, Sendable {
    /// Send this.
    case send(Message<Uplink>)
    /// The broker doesn't send the plan for now; it is asked for again.
    case turnedDown(RefusalReason, detail: String)
    /// Nothing more will happen.
    case finished(End)
  }

  /// The end of a fetch.
  package enum End: Hashable, Sendable {
    /// The plan is here, and has its digest.
    case fetched(PlanBytes)
    /// The broker refuses it for good.
    case refused(RefusalReason, detail: String)
    /// The run is over, or the broker was stopped and may come back.
    case over(complete: Bool)
    /// No plan has as many bytes.
    case tooLong(bytes: Int)
    /// Chunks came whose bytes don't have the plan's digest, again and again.
    case damaged
    /// More bytes came than any plan needs.
    case endless
    /// The broker didn't say a word of the plan for as long as it was to be waited for.
    case unanswered
  }

  /// The client whose mailbox is listened to.
  package let client: Int
  /// The number of the worker.
  package let worker: UInt64
  private let limits: ProtocolLimits
  private let patience: Duration
  private var jitter: RandomStream

  private var state = State.asking
  /// The time of the next request.
  private var wake: Duration
  /// The time since which nothing of the plan has come.
  private var since: Duration
  /// The bytes that came so far.
  private var received = 0
  /// The number of plans that didn't have their digest.
  private var damaged = 0

  private enum State: Hashable {
    /// Nothing has come yet.
    case asking
    /// Some of the plan is here.
    case assembling(Assembly)
    case ended
  }

  /// A plan of which some is here.
  private struct Assembly: Hashable {
    let digest: Digest
    /// The run and the incarnation of the broker that sent it.
    var source: Membership
    var bytes: [UInt8]
    var missing: RangeSet<Int>

    init(_ chunk: PlanChunk, from source: Membership) {
      digest = chunk.digest
      self.source = source
      bytes = Array(repeating: 0, count: chunk.total)
      missing = RangeSet(0..<chunk.total)
    }

    /// Puts a chunk where it belongs: true if it brings something that wasn't here.
    mutating func put(_ chunk: PlanChunk, _ payload: [UInt8]) -> Bool {
      let range = chunk.offset..<chunk.offset + payload.count
      guard !missing.intersection(RangeSet(range)).isEmpty else { return false }
      bytes.replaceSubrange(range, with: payload)
      missing.remove(contentsOf: range)
      return true
    }
  }

  /// The most bytes that are taken before a plan is whole: room for all repeats of the longest one.
  private static let mostBytes = 16 * PlanBytes.limit
  /// The number of plans without their digest after which there is no hope.
  private static let mostDamaged = 3

  /// A fetch that begins at `now`; its first tick is due at once.
  ///
  /// - Parameters:
  ///   - client: The worker's first client, whose mailbox it listens to.
  ///   - worker: The worker's number.
  ///   - limits: Waiting times and sizes.
  ///   - patience: The longest wait for something of the plan.
  ///   - jitter: The source of random waits.
  ///   - now: The present.
  package init(
    client: Int, worker: UInt64, limits: ProtocolLimits, patience: Duration, jitter: RandomStream,
    at now: Duration = .zero
  ) {
    self.client = client
    self.worker = worker
    self.limits = limits
    self.patience = patience
    self.jitter = jitter
    wake = now
    since = now
  }

  /// The time at which the next tick is due; nil once it has ended.
  package var wakeTime: Duration? { state == .ended ? nil : min(wake, since + patience) }

  /// Takes in what happened at `now` and says what is to be done.
  package mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    switch (state, event) {
    case (.ended, _): []
    case (_, .tick): tick(now)
    case (_, .message(let message, let payload)): receive(message, payload, now)
    }
  }

  private mutating func tick(_ now: Duration) -> [Action] {
    if since + patience <= now { return end(.unanswered) }
    guard wake <= now else { return [] }
    return [ask(now)]
  }

  /// Asks for all of the plan, or for what is missing of it.
  private mutating func ask(_ now: Duration) -> Action {
    var missing: [Range<Int>] = []
    if case .assembling(let assembly) = state {
      missing = Array(assembly.missing.ranges.prefix(ProtocolLimits.rangesPerMessage))
      wake = now + limits.fetchTimeout * (1 + jitter.uniform())
    } else {
      wake = now + limits.joinInterval * (1 + jitter.uniform())
    }
    return .send(Message(Header(client: client), .planWant(worker: worker, ranges: missing)))
  }

  private mutating func receive(
    _ message: Message<Downlink>, _ payload: [UInt8], _ now: Duration
  ) -> [Action] {
    let header = message.header
    if case .finished(let complete) = message.body, header.client == nil {
      return end(.over(complete: complete))
    }
    guard header.client == client else { return [] }
    switch message.body {
    case .planChunk(let chunk):
      guard header.worker == worker, chunk.length == payload.count, chunk.offset >= 0,
        payload.count <= chunk.total - chunk.offset
      else { return [] }
      let source = Membership(run: header.run, epoch: header.epoch)
      return take(chunk, payload, from: source, now)
    case .refuse(let reason, let retry, let detail):
      // A broker that doesn't know the question can't say whose it was.
      guard header.worker == worker || (header.worker == nil && reason == .malformed) else {
        return []
      }
      guard let retry else { return end(.refused(reason, detail: detail)) }
      let pause = min(Duration.milliseconds(retry), .seconds(60))
      wake = now + max(pause, limits.joinInterval) * (1 + jitter.uniform() / 4)
      return [.turnedDown(reason, detail: detail)]
    default: return []
    }
  }

  private mutating func take(
    _ chunk: PlanChunk, _ payload: [UInt8], from source: Membership, _ now: Duration
  ) -> [Action] {
    // Before any memory is taken for it.
    guard chunk.total <= PlanBytes.limit else { return end(.tooLong(bytes: chunk.total)) }
    received += payload.count
    guard received <= Self.mostBytes else { return end(.endless) }
    var assembly: Assembly
    if case .assembling(let known) = state, known.digest == chunk.digest,
      known.bytes.count == chunk.total
    {
      assembly = known
      assembly.source.epoch = max(source.epoch, known.source.epoch)
    } else {
      if case .assembling(let known) = state, known.source.run == source.run,
        known.source.epoch > source.epoch
      {
        return []  // of before the broker's restart
      }
      assembly = Assembly(chunk, from: source)
    }
    state = .asking  // so that it changes in place, not in a copy
    let isNew = assembly.put(chunk, payload)
    let isWhole = assembly.missing.isEmpty
    if isNew {
      since = now
      wake = now + limits.fetchTimeout * (1 + jitter.uniform())
    }
    guard isWhole else {
      state = .assembling(assembly)
      return []
    }
    let plan = PlanBytes(assembly.bytes)
    if plan.digest == assembly.digest { return end(.fetched(plan)) }
    damaged += 1
    guard damaged < Self.mostDamaged else { return end(.damaged) }
    wake = now + limits.joinInterval * (1 + jitter.uniform())
    return []
  }

  private mutating func end(_ end: End) -> [Action] {
    state = .ended
    return [.finished(end)]
  }
}
