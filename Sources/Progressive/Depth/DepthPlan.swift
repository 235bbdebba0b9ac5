public import Measures

/// The rule by which the clients of a round train sub-models of different depths.
public enum DepthRule: String, Hashable, Sendable, CaseIterable {
  /// All train the round's stage, as far as their memory allows.
  case fixed
  /// A client trains what its link is expected to carry in time.
  case byLink
  /// A client trains what it is expected to receive, train and send in time, by what earlier rounds
  /// took.
  case byTime
}

/// The time that a client of one kind is expected to take for each sub-model.
public struct DepthCost: Hashable, Sendable {
  /// The download and the upload, by stage, the first at 0.
  public var transfer: [Duration]
  /// The training on one sample, by stage.
  public var training: [Duration]

  /// The costs of stages, as many of each kind.
  public init(transfer: [Duration], training: [Duration]) {
    precondition(
      transfer.count == training.count, "\(transfer.count) and \(training.count) stages")
    self.transfer = transfer
    self.training = training
  }
}

/// The plan by which a broker chooses depths.
///
/// A client of a round gets the deepest sub-model that it is expected to finish within a target.
/// Where the topology sets none, the round finds the one that yields most per second: the sum over
/// blocks of parameters times √n, n being the samples of the clients that cover the block, as the
/// error of a mean over n samples falls by 1/√n.
public struct DepthPlan: Hashable, Sendable {
  /// Consecutive clients, whose k-th has the k-th of the costs, over and over.
  public struct Group: Hashable, Sendable {
    /// The clients.
    public var clients: Range<Int>
    /// Their costs.
    public var costs: [DepthCost]

    /// Clients of these costs.
    public init(clients: Range<Int>, costs: [DepthCost]) {
      precondition(!costs.isEmpty, "a group of no costs")
      self.clients = clients
      self.costs = costs
    }
  }

  /// The rule, which isn't `fixed`.
  public var rule: DepthRule
  /// The time within which a client is to be done; nil to find it in each round.
  public var target: Duration?
  /// The least share of a round's clients that train all of its stage, if so many can.
  public var least: Share
  /// The largest share of a round's clients that train all of its stage; nil for any.
  public var most: Share?
  /// The parameters of each block.
  public var parameters: [Int]
  /// The number of samples of a client that doesn't say how many it has, epochs included.
  public var samples: Int
  /// The passes over the samples in a round.
  public var epochs: Int
  /// The probability that a client which is asked doesn't come back, as far as the topology says.
  public var dropOut: Double
  /// The fleet, by groups.
  public var groups: [Group]

  /// A plan of the given parts.
  public init(
    rule: DepthRule, target: Duration? = nil, least: Share, most: Share? = nil,
    parameters: [Int], samples: Int, epochs: Int, dropOut: Double = 0, groups: [Group]
  ) {
    self.rule = rule
    self.target = target
    self.least = least
    self.most = most
    self.parameters = parameters
    self.samples = samples
    self.epochs = epochs
    self.dropOut = dropOut
    self.groups = groups
  }

  /// The longest time that anybody is expected to take, about thirty years: numbers of samples are
  /// what clients say.
  static let longest = Duration.seconds(1_000_000_000)

  /// The number of the group that a client is in; nil if it is in none.
  func group(of client: Int) -> Int? { groups.firstIndex { $0.clients.contains(client) } }

  /// The time that a client of `samples` samples is expected to take for the sub-model of `stage`
  /// before anything is known of it, `longest` at most; nil where nothing is known of its kind.
  public func expected(_ client: Int, stage: Int, samples: Int?) -> Duration? {
    guard let group = group(of: client).map({ groups[$0] }) else { return nil }
    let cost = group.costs[(client - group.clients.lowerBound) % group.costs.count]
    guard cost.transfer.indices.contains(stage - 1) else { return nil }
    let (transfer, training) = (cost.transfer[stage - 1], cost.training[stage - 1])
    guard rule == .byTime else { return min(transfer, Self.longest) }
    let (product, isTooLarge) = (samples ?? self.samples).multipliedReportingOverflow(by: epochs)
    let count = isTooLarge ? .max : product
    guard transfer.seconds + training.seconds * Double(count) < Self.longest.seconds else {
      return Self.longest
    }
    return transfer + training * count
  }
}
