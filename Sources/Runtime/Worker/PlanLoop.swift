import Datasets
import Federation
import Foundation
import LocalTraining
import Measures
import Topology
import Wire
import ZeroMQ

/// The thread of a worker that has no workload yet: fetches the broker's plan, and has the workload
/// made that it says.
///
/// Made and run on one thread.
final class PlanLoop {
  /// The result of a step.
  enum Outcome<Value> {
    /// It came to this.
    case done(Value)
    /// The worker's part has ended with it.
    case ended(WorkerEnd)
  }

  private let connection: WorkerConnection
  private var fetch: PlanFetch
  private var outcome: Outcome<PlanBytes>?
  private var nextReport: Duration
  private let begin: Duration

  /// The wait for the plan that is first told of, and after which it is told again.
  private static let quiet = Duration.seconds(10)

  /// The time that a last message gets to leave in.
  private static let parting = Duration.milliseconds(300)

  /// A loop that asks for the plan at once, for so long at most.
  init(_ connection: WorkerConnection, patience: Duration) {
    let settings = connection.settings
    self.connection = connection
    begin = connection.now
    nextReport = begin + Self.quiet
    fetch = PlanFetch(
      client: settings.clients[0], worker: settings.worker, limits: settings.limits,
      patience: patience, jitter: RandomStream(seed: settings.worker).stream("plan"), at: begin)
  }

  /// Asks the broker for its plan until that is here.
  func fetchPlan() throws -> Outcome<PlanBytes> {
    while true {
      if let wake = fetch.wakeTime, wake <= connection.now { handle(.tick) }
      if let outcome { return outcome }
      let end = try connection.wait(
        until: fetch.wakeTime,
        events: { if case .stop = $0 { outcome = .ended(.stopped) } },
        messages: take)
      if let outcome { return outcome }
      if let end { return .ended(end) }
      reportWaiting()
    }
  }

  /// Has the workload of a plan made, on a thread of its own: reading samples may take long, and
  /// the connection must be looked after meanwhile.
  ///
  /// - Throws: what `make` throws, after the broker was told.
  func workload(
    by plan: PlanBytes, _ make: @escaping @Sendable (PlanBytes) throws -> Workload
  ) throws -> Outcome<Workload> {
    Thread.detachNewThread { [inbox = connection.inbox] in
      _ = inbox.push(.made(Result { try make(plan) }))
    }
    var result: Result<Workload, any Error>?
    var isStopped = false
    while true {
      let end = try connection.wait(
        until: nil,
        events: { event in
          switch event {
          case .made(let made): result = made
          case .stop: isStopped = true
          case .read, .isUnchanged, .ended, .evaluated, .measured, .resolved, .unresolved,
            .probed, .greeted:
            break
          }
        },
        messages: { _ in })
      if isStopped { return .ended(.stopped) }
      if let end { return .ended(end) }
      switch result {
      case .success(let workload)?: return .done(workload)
      case .failure(let error)?:
        try turnDown(error)
        throw error
      case nil: continue
      }
    }
  }

  /// Tells the broker that this worker can't follow its plan, so that people hear of it there, too.
  ///
  /// No path of this machine is in it, as names of files are often those of people.
  private func turnDown(_ error: any Error) throws {
    let words =
      switch error {
      case let error as DatasetError: error.kind
      case is ClientPathsError, is LackingSamples: "it wasn't told where its samples are"
      case is TrainerStartError: "it has no trainer program that is of use"
      default: "\(error)"
      }
    let header = Header(client: fetch.client)
    connection.sockets.send(
      Message(header, .decline(.failed, detail: "can't follow the plan: \(words)")),
      from: fetch.client)
    // Its sockets keep nothing once they are closed.
    let end = connection.now + Self.parting
    while connection.now < end {
      guard try connection.wait(until: end, events: { _ in }, messages: { _ in }) == nil else {
        return
      }
    }
  }

  /// Takes in what the broker published.
  private func take(_ received: ZeroMQ.Message) {
    guard let message = received.downlink, received.text(of: 0).flatMap(Topic.init) != nil else {
      return connection.unreadable += 1
    }
    guard case .planChunk = message.body else { return handle(.message(message)) }
    handle(.message(message, payload: received.bytes(of: 2)))
  }

  private func handle(_ event: PlanFetch.Event) {
    for action in fetch.handle(event, at: connection.now) {
      switch action {
      case .send(let message): connection.sockets.send(message, from: fetch.client)
      case .turnedDown(let reason, let detail):
        connection.report(
          .turnedDown(clients: ClientRange(of: [fetch.client]), reason, detail: detail))
      case .finished(let end): outcome = outcome(of: end)
      }
    }
  }

  private func outcome(of end: PlanFetch.End) -> Outcome<PlanBytes> {
    switch end {
    case .fetched(let plan): .done(plan)
    case .refused(let reason, let detail): .ended(.refused(reason, detail: detail))
    case .over(let complete): .ended(complete ? .missed : .interrupted)
    case .tooLong(let bytes):
      .ended(
        .unusablePlan(
          problem: "the broker's plan is said to have \(bytes) bytes; none has more than "
            + "\(PlanBytes.limit)"))
    case .damaged:
      .ended(
        .unusablePlan(
          problem: "the bytes that the broker sends aren't those of the plan that it names"))
    case .endless:
      .ended(.unusablePlan(problem: "the broker sends parts of its plan without an end"))
    case .unanswered:
      .ended(
        .unusablePlan(
          problem: "the broker doesn't send its plan; a progfed that is older than this one can't"))
    }
  }

  /// Says for how long the plan was waited for, now and then, while the broker is heard.
  private func reportWaiting() {
    let now = connection.now
    guard now >= nextReport else { return }
    nextReport = now + Self.quiet * 3
    if connection.isEstablished { connection.report(.awaitsPlan(now - begin)) }
  }
}
