/// A promise of the protocol, broken on purpose: each must be noticed by the simulator.
package enum Mutation: String, Hashable, Sendable, CaseIterable {
  /// An update that was offered again counts again.
  case countsDuplicates
  /// The acknowledgement leaves before the update is durable.
  case acknowledgesBeforeStoring
  /// A round ends by an arriving message alone, never by its timer.
  case hasNoTimer
  /// An update with holes is taken for whole.
  case forgetsMissingRanges
  /// A restarted broker doesn't look into its spool.
  case forgetsStoredUpdates
  /// A restarted broker goes on under the epoch of the one before.
  case keepsItsEpoch
  /// More bytes are granted than the limit allows.
  case overcommits
  /// A worker drops its update once it was sent.
  case forgetsSentUpdates
  /// Announcements aren't repeated.
  case announcesOnce
  /// A mailbox that two sockets listened to is given up with the first that goes.
  case forgetsSecondSockets
  /// A client that waits for an answer to its offer waits for ever.
  case sleepsWhileOffering
  /// The model is committed after the next round has begun.
  case commitsLate
  /// A client trains though parts of the model are missing.
  case trainsOnHoles
  /// After a tick the next one is due at once.
  case spins
  /// A late LEAVE of an earlier worker passes for its successor's.
  case forgetsWhoLeaves
  /// Late updates count however late they are.
  case acceptsAnyStaleness
  /// A late update counts again in the round after.
  case countsLateTwice
  /// A round takes the updates of all clients that were asked, also those beyond what it is to
  /// have.
  case waitsForSurplus
  /// A worker doesn't tell the broker what its memory allows.
  case ignoresCaps
  /// An update is decoded as that of another stage.
  case mistakesStages
  /// Scores of another model count.
  case mistakesScores
  /// An evaluation ends when all have answered, and else never.
  case waitsForScores
  /// A leave to send is never taken back from a client that says something.
  case keepsIdleGrants
  /// A client is there while anybody listens to its mailbox.
  case trustsListeners
  /// The model that a discarded round came to is the next one.
  case keepsDiscardedModels
  /// The broker doesn't sync its files.
  case syncsNoFiles
  /// The broker doesn't sync its folders.
  case syncsNoFolders
  /// The broker gives a file its name before it syncs it.
  case renamesFirst
  /// The ledger's commits don't wait for the disk.
  case commitsAtEase
  /// The ledger isn't written ahead.
  case writesNoLog
  /// A round is told to be kept before it is in the ledger.
  case booksLate
  /// A restarted broker doesn't look up the normalization, and measures again.
  case forgetsNormalization
  /// Clients are told of a normalization before it is durable.
  case tellsNormalizationEarly
  /// Measuring ends when all have answered, and else never.
  case waitsForSums

  /// A worker keeps what its client remembers only once the update is settled.
  case remembersLate
  /// A worker takes what it kept last for what its client remembers.
  case remembersLatest
  /// A worker doesn't sync what its client remembers.
  case syncsNoMemories

  /// The work that the broker's disk forgets, so that it seems to be the broker who does.
  var neglect: DiskNeglect? {
    switch self {
    case .syncsNoFiles: .files
    case .syncsNoFolders: .folders
    case .renamesFirst: .order
    case .commitsAtEase: .commits
    case .writesNoLog: .log
    default: nil
    }
  }
}
