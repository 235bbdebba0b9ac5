package import Datasets
package import Federation
package import Topology
package import Wire

/// News of a worker for the people who watch it.
package enum WorkerReport: Sendable {
  /// The broker has been asked for its plan for so long, and hasn't sent it.
  case awaitsPlan(Duration)
  /// The broker's plan is here, and its samples are: the worker goes by this topology.
  case planned(Topology)
  /// The broker has another plan than before; it is fetched.
  case replanned
  /// So many of its clients were welcomed.
  case joined(clients: Int, of: Int)
  /// A client has no samples, and so takes no part in any round.
  case hasNoSamples(client: Int)
  /// A client's own samples were read; `isNew` if they had been read before and have changed.
  case readSamples(client: Int, SampleCounts, isNew: Bool)
  /// Something about a client's own samples that people should know, a sentence.
  case remarked(client: Int, String)
  /// A client's own samples are of no use as they are; it takes no part until they change.
  case unusableSamples(client: Int, DatasetError)
  /// A client trains.
  case training(client: Int, round: Int, stage: Int)
  /// A client evaluates on what it holds out.
  case evaluating(client: Int, round: Int, stage: Int)
  /// A client adds up its training samples.
  case measuring(client: Int)
  /// A client has no sums over its training samples to tell.
  case unmeasured(client: Int, DeclineReason, detail: String)
  /// A client's update is counted.
  case counted(client: Int, round: Int)
  /// A client can't take part in a round.
  case declined(client: Int, round: Int, DeclineReason, detail: String)
  /// A client's memory isn't here, though the broker counted an update of it: it begins anew.
  case forgot(client: Int, round: Int)
  /// A client's memory can't be kept for now; its update waits for that.
  case cannotKeep(client: Int, round: Int, detail: String)
  /// The broker refuses a client's update of a round for good.
  case updateRefused(client: Int, round: Int, RefusalReason, detail: String)
  /// The broker refuses the sums over a client's training samples.
  case sumsRefused(client: Int, RefusalReason, detail: String)
  /// Something keeps the worker from its broker; it goes on trying.
  case noContact(ContactFault)
  /// The broker turns some clients down for now; they ask again.
  case turnedDown(clients: ClientRange, RefusalReason, detail: String)
  /// The broker opens no round, or opens rounds again, as it was told.
  case paused(Bool)
  /// The broker refuses a client for good.
  case refused(client: Int, RefusalReason, detail: String)
  /// So many messages could not be read: damaged, of another version, or not for this side.
  case unreadable(messages: Int)
  /// Nothing was heard of the broker for this long.
  case silence(Duration)
}

/// The end of a worker's part in a run.
package enum WorkerEnd: Hashable, Sendable {
  /// All rounds were run.
  case complete
  /// All rounds were run, and none of its clients was in any.
  case missed
  /// The broker was stopped before that.
  case interrupted
  /// The worker was told to stop.
  case stopped
  /// The broker refused all of its clients.
  case refused(RefusalReason, detail: String)
  /// The topology that the worker was given says something else than the broker's, in these values:
  /// first the broker's, then the worker's.
  case otherPlan(PlanDifference)
  /// The broker's plan can't be had.
  case unusablePlan(problem: String)
  /// The connections don't come about.
  case turnedAway(ConnectionRefusal)
  /// The broker was silent for longer than the worker's patience.
  case abandoned
}
