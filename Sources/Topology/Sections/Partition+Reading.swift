import Datasets

extension Partition {
  private static let remedy = "write iid, byUser, {shards: 2}, {dirichlet: 0.5} or {logNormal: 1}"

  /// Reads `iid`, `byUser`, `{shards: n}`, `{dirichlet: α, minimum: n}` or `{logNormal: σ}`.
  init?(reading cursor: Cursor) {
    if cursor.isScalar {
      switch cursor.word {
      case "iid": self = .iid
      case "byUser": self = .byUser
      default:
        cursor.expected("a partition", remedy: Self.remedy)
        return nil
      }
      return
    }
    guard let read = cursor.keys({ Self.read(&$0, cursor) }), let partition = read else {
      return nil
    }
    self = partition
  }

  private static func read(_ keys: inout KeyReader, _ cursor: Cursor) -> Self? {
    let kinds = ["shards", "dirichlet", "logNormal"]
    let shards = keys.optional("shards") { $0.whole(1...1_000_000) }
    let alpha = keys.optional("dirichlet") { $0.number(1e-6...1e6) }
    let sigma = keys.optional("logNormal") { $0.number(0...10) }
    let minimum = keys.optional("minimum") { $0.whole(0...1_000_000) }
    guard kinds.count(where: keys.has) == 1 else {
      if kinds.contains(where: keys.has) || keys.isEmpty || keys.has("minimum") {
        cursor.report("doesn't name one partition", remedy: remedy)
      }
      return nil
    }
    if keys.has("minimum"), !keys.has("dirichlet") {
      keys.reading.report(
        keys.full("minimum"), "\(keys.full("minimum")) goes with dirichlet only",
        remedy: "remove it")
    }
    if let shards { return .shards(perClient: shards) }
    if let alpha { return .dirichlet(alpha: alpha, minimum: minimum ?? 1) }
    return sigma.map { .logNormal(sigma: $0) }
  }

  /// The value of the key, with all that may be left out of it.
  var setting: String {
    switch self {
    case .iid: "iid"
    case .shards(let perClient): FlowText.section([("shards", "\(perClient)")])
    case .dirichlet(let alpha, let minimum):
      FlowText.section([("dirichlet", "\(alpha)"), ("minimum", "\(minimum)")])
    case .logNormal(let sigma): FlowText.section([("logNormal", "\(sigma)")])
    case .byUser: "byUser"
    }
  }

  /// The partition as one text.
  var canonical: String {
    switch self {
    case .iid: "iid"
    case .shards(let perClient): "shards \(perClient)"
    case .dirichlet(let alpha, let minimum): "dirichlet \(alpha) \(minimum)"
    case .logNormal(let sigma): "logNormal \(sigma)"
    case .byUser: "byUser"
    }
  }

  /// The fewest samples that `clients` clients need.
  func samplesNeeded(clients: Int) -> Int {
    switch self {
    case .iid, .logNormal, .byUser: clients
    case .shards(let perClient): clients * perClient
    case .dirichlet(_, let minimum): clients * minimum
    }
  }
}
