import Datasets
import Measures
import Testing

@Suite struct PartitionTests {
  static let kinds: [Partition] = [
    .iid, .shards(perClient: 2), .shards(perClient: 3), .dirichlet(alpha: 0.01),
    .dirichlet(alpha: 0.5, minimum: 4), .dirichlet(alpha: 100), .logNormal(sigma: 0),
    .logNormal(sigma: 2),
  ]

  @Test(arguments: kinds, [1, 2, 3, 7, 20])
  func `every sample goes to exactly one client`(kind: Partition, clients: Int) throws {
    for seed in UInt64(0)..<5 {
      let labels = balancedLabels(203, classes: 10, seed: seed)
      let dealt = try kind.deal(labels: labels, to: clients, stream: RandomStream(seed: seed))
      #expect(dealt.count == clients)
      #expect(dealt.flatMap(\.self).sorted() == Array(0..<203), "seed \(seed)")
      #expect(dealt.allSatisfy { $0 == $0.sorted() && !$0.isEmpty }, "seed \(seed)")
    }
  }

  @Test(arguments: 1...12, 0...24)
  func `independent and identical shares differ by at most one sample`(clients: Int, extra: Int)
    throws
  {
    let labels = Array(repeating: 0, count: clients + extra)
    let sizes = try Partition.iid.deal(labels: labels, to: clients, stream: RandomStream(seed: 3))
      .map(\.count)
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
  }

  @Test(arguments: UInt64(0)..<10)
  func `two shards hold few classes`(seed: UInt64) throws {
    let labels = balancedLabels(2000, classes: 10, seed: seed)
    let dealt = try Partition.shards(perClient: 2)
      .deal(labels: labels, to: 20, stream: RandomStream(seed: seed))
    // 40 shards of 50: four whole shards to a class, so that no shard spans two.
    #expect(dealt.allSatisfy { Set($0.map { labels[$0] }).count <= 2 && $0.count == 100 })
  }

  @Test(arguments: UInt64(0)..<10)
  func `label skew grows as the concentration falls`(seed: UInt64) throws {
    let labels = balancedLabels(5000, classes: 10, seed: seed)
    let skews = try [1000, 1, 0.05].map { alpha in
      let dealt = try Partition.dirichlet(alpha: alpha)
        .deal(labels: labels, to: 20, stream: RandomStream(seed: seed))
      return dealt.map { part in
        let largest = Dictionary(grouping: part) { labels[$0] }.values.map(\.count).max() ?? 0
        return Double(largest) / Double(part.count)
      }.reduce(0, +) / 20
    }
    #expect(skews[0] < 0.2 && skews[0] < skews[1] && skews[1] < skews[2] && skews[2] > 0.5)
  }

  @Test func `a concentration near zero gives each class to one client`() throws {
    let labels = balancedLabels(500, classes: 5, seed: 1)
    let dealt = try Partition.dirichlet(alpha: 1e-9, minimum: 0)
      .deal(labels: labels, to: 40, stream: RandomStream(seed: 2))
    for label in 0..<5 {
      #expect(dealt.filter { $0.contains { labels[$0] == label } }.count == 1)
    }
    #expect(dealt.filter { !$0.isEmpty }.count > 1)
  }

  @Test(arguments: [0, 1, 10, 25])
  func `nobody gets less than the minimum`(minimum: Int) throws {
    let labels = balancedLabels(1000, classes: 10, seed: 5)
    let dealt = try Partition.dirichlet(alpha: 0.05, minimum: minimum)
      .deal(labels: labels, to: 40, stream: RandomStream(seed: 6))
    #expect(dealt.allSatisfy { $0.count >= minimum })
  }

  @Test(arguments: UInt64(0)..<5)
  func `what tops clients up is drawn from all that the richest have`(seed: UInt64) throws {
    let labels = balancedLabels(20_000, classes: 10, seed: seed)
    func deal(_ minimum: Int) throws -> [[Int]] {
      try Partition.dirichlet(alpha: 1, minimum: minimum)
        .deal(labels: labels, to: 40, stream: RandomStream(seed: seed))
    }
    let (plain, level) = (try deal(0), try deal(480))
    let (given, kept) = zip(plain, level).reduce(into: ([Int](), [Int]())) { sums, parts in
      let (before, after) = (Set(parts.0), Set(parts.1))
      sums.0 += before.subtracting(after)
      // What the givers had: each of their samples was as likely to go.
      if before.count > after.count { sums.1 += before }
    }
    #expect(given.count > 500)
    for label in 0..<10 {
      let share = Double(given.count { labels[$0] == label }) / Double(given.count)
      let had = Double(kept.count { labels[$0] == label }) / Double(kept.count)
      #expect(abs(share - had) < 0.06, "label \(label): \(share) of what was given, \(had) before")
    }
    #expect(level.map(\.count).min() == 480)
  }

  @Test(arguments: UInt64(0)..<5)
  func `log-normal sizes spread as their deviation says`(seed: UInt64) throws {
    let labels = balancedLabels(100_000, classes: 10, seed: seed)
    let even = try Partition.logNormal(sigma: 0)
      .deal(labels: labels, to: 100, stream: RandomStream(seed: seed)).map(\.count)
    #expect(even.allSatisfy { abs($0 - 1000) <= 1 })
    let sizes = try Partition.logNormal(sigma: 1)
      .deal(labels: labels, to: 100, stream: RandomStream(seed: seed)).map(\.count).sorted()
    // Three quarters of a standard normal's middle half lie within ±.674.
    #expect((2.5...6.5).contains(Double(sizes[75]) / Double(sizes[25])))
  }

  @Test(arguments: kinds)
  func `a deal depends on the seed, not on how much of the stream was used`(kind: Partition) throws
  {
    let labels = balancedLabels(300, classes: 10, seed: 1)
    let fresh = RandomStream(seed: 9)
    var used = fresh
    for _ in 0..<17 { _ = used.next() }
    let first = try kind.deal(labels: labels, to: 10, stream: fresh)
    #expect(try kind.deal(labels: labels, to: 10, stream: used) == first)
    #expect(try kind.deal(labels: labels, to: 10, stream: RandomStream(seed: 10)) != first)
  }

  @Test func `the deal of a seed is the same in every release`() throws {
    let labels = (0..<12).map { $0 % 3 }
    let stream = RandomStream(seed: 42)
    let iid = try Partition.iid.deal(labels: labels, to: 3, stream: stream)
    #expect(iid == [[1, 2, 5, 10], [0, 8, 9, 11], [3, 4, 6, 7]])
    let skewed = try Partition.dirichlet(alpha: 0.5).deal(labels: labels, to: 3, stream: stream)
    #expect(skewed == [[0, 1, 2, 7, 10, 11], [8], [3, 4, 5, 6, 9]])
  }

  @Test func `more clients don't change the first clients' weights`() throws {
    let labels = balancedLabels(200_000, classes: 2, seed: 1)
    func ratio(_ clients: Int) throws -> Double {
      let dealt = try Partition.dirichlet(alpha: 5)
        .deal(labels: labels, to: clients, stream: RandomStream(seed: 4))
      let counts = dealt.prefix(2).map { $0.count { labels[$0] == 0 } }
      return Double(counts[0]) / Double(counts[1])
    }
    #expect(abs(try ratio(4) - ratio(40)) < 0.01)
  }

  @Test(arguments: 1...6)
  func `each client plays one user`(clients: Int) throws {
    let users: [Int32] = [3, 0, 1, 5, 0, 3, 2, 4, 3]
    let dealt = try Partition.byUser
      .deal(labels: users.map(Int.init), users: users, to: clients, stream: RandomStream(seed: 1))
    for part in dealt {
      let owner = users[part[0]]
      #expect(part == users.indices.filter { users[$0] == owner })
    }
    #expect(Set(dealt.map { users[$0[0]] }).count == clients)
    if clients == 6 { #expect(dealt.map { users[$0[0]] } == [0, 1, 2, 3, 4, 5]) }
  }

  @Test func `what can't be dealt is refused with the numbers`() {
    let stream = RandomStream(seed: 1)
    #expect(throws: PartitionError.tooFewSamples(samples: 3, clients: 4, needed: 4)) {
      try Partition.iid.deal(labels: [0, 1, 2], to: 4, stream: stream)
    }
    #expect(throws: PartitionError.tooFewSamples(samples: 3, clients: 2, needed: 4)) {
      try Partition.shards(perClient: 2).deal(labels: [0, 1, 2], to: 2, stream: stream)
    }
    #expect(throws: PartitionError.tooFewSamples(samples: 3, clients: 2, needed: .max)) {
      try Partition.dirichlet(alpha: 1, minimum: .max)
        .deal(labels: [0, 1, 2], to: 2, stream: stream)
    }
    #expect(throws: PartitionError.noUsers) {
      try Partition.byUser.deal(labels: [0], to: 1, stream: stream)
    }
    #expect(throws: PartitionError.tooFewUsers(users: 2, clients: 3)) {
      try Partition.byUser.deal(labels: [0, 1, 1], users: [0, 1, 1], to: 3, stream: stream)
    }
  }

  @Test func `what can't be dealt says what to change`() {
    let few = PartitionError.tooFewSamples(samples: 3, clients: 4, needed: 8).description
    #expect(few.contains("4 clients need 8") && few.contains("there are 3; lower clients"))
    let none = PartitionError.tooFewSamples(samples: 0, clients: 4, needed: 4).description
    #expect(none.contains("no training samples") && !none.contains("lower"))
    let empty = PartitionError.tooFewUsers(users: 0, clients: 4).description
    #expect(empty.contains("no users") && !empty.contains("at most 0"))
    #expect(PartitionError.noUsers.description.contains("data.partition"))
  }

  @Test func `a concentration of zero is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      _ = try Partition.dirichlet(alpha: 0).deal(
        labels: [0], to: 1, stream: RandomStream(seed: 0))
    }
  }
}
