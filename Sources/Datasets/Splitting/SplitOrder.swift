import Measures

/// The manner in which samples are cut into a folder per client.
package struct SplitOrder: Sendable {
  /// The number of clients.
  package var clients: Int
  /// The rule by which samples are dealt out.
  package var partition: Partition
  /// The seed of the deal, and of what is held out.
  package var seed: UInt64
  /// The share that is held out where the data isn't divided already.
  package var holdOut: HoldOut
  /// True if files get a second name instead of being copied.
  package var isLinked: Bool
  /// True if the folders are on the disk before they get their place, for a loss of power.
  package var isDurable = true
  /// The threads that read and write, and who is told.
  package var work: SampleWork

  /// An order for `clients` clients.
  package init(
    clients: Int, partition: Partition, seed: UInt64, holdOut: HoldOut = .fifth,
    isLinked: Bool = false, work: SampleWork = .alone
  ) {
    self.clients = clients
    self.partition = partition
    self.seed = seed
    self.holdOut = holdOut
    self.isLinked = isLinked
    self.work = work
  }

  /// Deals out `training` units of samples and `testing` ones that are held out, numbered after
  /// them, by a label for each.
  ///
  /// Both are dealt together, so that a client's hold-out is as skewed as what it trains on.
  func deal(
    training: Int, testing: Int, labels: [Int], users: [Int32]?
  ) throws(PartitionError) -> [Client] {
    try partition.deal(
      labels: labels, users: users, to: clients, stream: RandomStream(seed: seed)
    ).map { units in
      Client(
        training: units.filter { $0 < training },
        testing: units.filter { $0 >= training }.map { $0 - training })
    }
  }

  /// The units of one client, ascending.
  struct Client {
    /// Those to train on.
    var training: [Int]
    /// Those that are held out, counted from 0.
    var testing: [Int]
  }
}

/// The folders of clients that were made.
package struct ClientFolders: Sendable {
  /// The samples of one client.
  package struct Share: Hashable, Sendable {
    /// The number in `train`.
    package var train: Int
    /// The number in `test`.
    package var test: Int
    /// The number of volumes that these are slices of; nil where samples are no slices.
    package var studies: Int?

    /// A share of samples that are no slices, unless told.
    package init(train: Int, test: Int, studies: Int? = nil) {
      self.train = train
      self.test = test
      self.studies = studies
    }
  }

  /// The looks of samples, with nothing left open.
  package var format: SampleFormat
  /// The clients' shares, in order.
  package var shares: [Share]
  /// Remarks on the data for people, a sentence each.
  package var remarks: [String]
}
