import Measures
import Progressive
package import Wire

extension BrokerPlan {
  /// True if a message is one to this incarnation of the run's broker.
  package func isOfThisRun(_ header: Header) -> Bool { header.run == run && header.epoch == epoch }

  /// The fault of a message about a round in which its client takes part; nil if there is none.
  ///
  /// `progress` is that of the client, `model` that of the message's round, and `samples` the
  /// number that the client said in JOIN; both are looked up only where they matter.
  func problem(
    of message: Message<Uplink>, at progress: ClientProgress,
    model: @autoclosure () -> RoundModel?, samples: @autoclosure () -> Int?
  ) -> String? {
    let stage = message.header.stage
    switch message.body {
    case .want, .decline:
      guard let deepest = model()?.stage, !(1...deepest).contains(stage) else { return nil }
      return "field stage is \(stage), in a round of stage \(deepest)"
    case .updateChunk:
      guard case .receiving(let submission, _, _) = progress, stage != submission.stage else {
        return nil
      }
      return "field stage is \(stage); the update was offered for stage \(submission.stage)"
    case .offer(let offer):
      switch progress {
      case .storing, .accepted: return nil  // what became of it is all that matters
      case .refused(let reason) where reason != .wrongBase: return nil
      case .invited, .working, .offered, .receiving, .refused, .declined, .left: break
      }
      if let own = model()?.stages[offer.base], stage != own {
        return "field stage is \(stage); the base is that of stage \(own)"
      }
      return problem(of: offer, by: message.header.client ?? 0, samples())
    default: return nil  // not about a round
    }
  }

  /// The fault of a client's label counts in JOIN; nil if there is none.
  func problem(ofLabels labels: [Int]) -> String? {
    guard !labels.isEmpty, labels.count != toldLabels else { return nil }
    return toldLabels.map { "field label_counts has \(labels.count) counts, for \($0) labels" }
      ?? "field label_counts is there, and the plan doesn't ask for it (data.labelCounts)"
  }

  /// The fault of the numbers that a client offers its update with; nil if there is none.
  private func problem(of offer: Offer, by client: Int, _ samples: Int?) -> String? {
    let dealt = dealtSamples.indices.contains(client) ? dealtSamples[client] : nil
    let limits = [
      (dealt, "the samples that client \(client) was dealt"),
      (samples, "what client \(client) said in JOIN that it has"),
      (rules.sampleLimit, "the most that a client may have (limits.samples)"),
    ]
    for case (let limit?, let origin) in limits where offer.samples > limit {
      return "field samples is \(offer.samples), beyond \(limit), \(origin)"
    }
    if let lossLimit, !(0...lossLimit).contains(Double(offer.loss)) {
      return
        "field loss is \(offer.loss); a mean loss is from 0 to \(lossLimit) (training.lossLimit)"
    }
    return nil
  }
}

/// The broker's messages to clients.
extension BrokerPlan {
  /// The header of a message to all, in `phase` if a round is open.
  func header(in phase: Phase?) -> Header {
    Header(run: run, epoch: epoch, round: phase?.round ?? 0, stage: phase?.stage ?? 0)
  }

  /// The header of a message to one client, about a round if it is about one.
  func header(
    to client: Int, round: Int = 0, stage: Int = 0, worker: UInt64? = nil,
    purpose: TaskPurpose = .training
  ) -> Header {
    Header(
      run: run, epoch: epoch, round: round, stage: stage, client: client, worker: worker,
      purpose: purpose)
  }

  /// The welcome that tells a worker that it plays a client.
  func welcome(
    _ client: Int, worker: UInt64, by normalization: FederatedNormalization? = nil
  ) -> BrokerAction {
    let welcome = Welcome(
      seed: seed, rounds: schedule.totalRounds,
      announceInterval: Int(limits.announceInterval.seconds * 1000),
      chunkBytes: limits.chunkBytes, staleRounds: rules.stragglers.maximalStaleness,
      normalization: normalization)
    return .send(
      .client(client), Message(header(to: client, worker: worker), .welcome(welcome)))
  }

  /// The actions for a client that is taken in, in place of the member that it was before, if it
  /// was one: its labels are kept, and it is told so.
  ///
  /// `confirmed` is its update that was stored before a restart: a client that doesn't wait for
  /// such news ignores it.
  func admission(
    of client: Int, _ join: Join, after before: Member?, _ confirmed: Submission?,
    by normalization: FederatedNormalization?
  ) -> [BrokerAction] {
    var actions: [BrokerAction] = []
    if !join.labels.isEmpty, before?.labels != join.labels {
      actions.append(.keep(labels: join.labels, of: client))
    }
    // Also the worker that played it before hears that, if it lives, and asks again.
    actions.append(welcome(client, worker: join.worker, by: normalization))
    guard let known = confirmed else { return actions }
    let header = header(to: client, round: known.round, stage: known.stage)
    return actions + [.send(.client(client), Message(header, .acknowledge(.duplicate)))]
  }

  /// The welcomes that tell all who are here of a normalization that was made.
  func welcome(_ members: Members, by normalization: FederatedNormalization) -> [BrokerAction] {
    members.presence.all.compactMap { client in
      members[client].map { welcome(client, worker: $0.worker, by: normalization) }
    }
  }

  /// The request to join again, to all listeners of a mailbox or to one worker alone.
  func askToJoin(_ client: Int, worker: UInt64? = nil) -> BrokerAction {
    let question = Downlink.refuse(
      .wrongClient, retry: 1, detail: "the broker asks whether this worker still plays the client")
    return .send(.client(client), Message(header(to: client, worker: worker), question))
  }

  /// The refusal of a client, for one worker alone where several may listen to its mailbox.
  ///
  /// The header is that of the round that it is about, if it is about one.
  func refuse(
    _ client: Int, _ reason: RefusalReason, _ detail: String, retry: Int? = nil,
    worker: UInt64? = nil, under header: Header? = nil
  ) -> [BrokerAction] {
    var header = header ?? self.header(to: client)
    header.worker = worker
    return [
      .count(reason.name),
      .notice(.refused(client: client, reason, detail: detail)),
      .send(.client(client), Message(header, .refuse(reason, retry: retry, detail: detail))),
    ]
  }

  /// The time after which clients ask again for what isn't there yet, in milliseconds.
  var retry: Int { max(1, Int(limits.announceInterval.seconds * 1000)) }
}

extension Message<Downlink> {
  /// Says to one client what is otherwise said to all.
  func addressed(to client: Int) -> BrokerAction {
    var message = self
    message.header.client = client
    return .send(.client(client), message)
  }
}
