import Foundation
import GRDB
import Ledger
import Measures
import Testing

/// What is kept of evaluations: the spread over the clients, gradients, and who holds which labels.
@Suite struct EvaluationRecordTests {
  @Test func `a client's accuracy is that of the classes, weighted by its own labels`() throws {
    // 8 of 10 samples of class 0 are right, 3 of 6 of class 1; class 2 isn't in the test set.
    let accuracies = [0.8, 0.5, nil]
    // Client 0: (0.8 + 0.5) / 2. Client 1: 0.8, its samples of class 2 left out. Client 2 has no
    // others.
    let spread = try #require(
      Fairness(labels: [[1, 1, 0], [4, 0, 6], [0, 0, 3]], classAccuracies: accuracies))
    #expect(spread.clients == 2)
    let expected = [0.725, 0.65, 0.665, 0.725, 0.8, 0.075]
    let found = [
      spread.mean, spread.minimum, spread.lowestTenth, spread.median, spread.maximum,
      spread.deviation,
    ]
    for (value, right) in zip(found, expected) { #expect(abs(value - right) < 1e-12) }
  }

  @Test func `without labels or test samples there is no spread`() {
    #expect(Fairness(labels: [], classAccuracies: [0.5]) == nil)
    #expect(Fairness(labels: [[0, 0]], classAccuracies: [0.5, 0.5]) == nil)
    #expect(Fairness(labels: [[3]], classAccuracies: [nil]) == nil)
    #expect(Fairness(labels: [[3]], classAccuracies: []) == nil)
  }

  @Test(arguments: [(11, 1.0, 5.0), (21, 2.0, 10.0), (1, 0.0, 0.0), (2, 0.1, 0.5)])
  func `a tenth and a half of the clients are below the percentiles`(
    count: Int, tenth: Double, half: Double
  ) throws {
    let spread = try #require(Fairness(of: (0..<count).reversed().map(Double.init)))
    #expect(abs(spread.lowestTenth - tenth) < 1e-12)
    #expect(abs(spread.median - half) < 1e-12)
  }

  @Test func `spread and gradient come back with their round, and go with it`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    for round in 1...3 {
      var record = RoundRecord.example
      record.round = round
      record.fairness = round > 1 ? Fairness(of: [0.25, 0.5, Double(round) / 4]) : nil
      record.squaredGradientNorm = [0.5, .nan, 0.125][round - 1]
      try store.append(record, book: .example)
    }
    let rounds = try store.summary().rounds
    #expect(
      rounds.map(\.fairness) == [
        nil, Fairness(of: [0.25, 0.5, 0.5]), Fairness(of: [0.25, 0.5, 0.75]),
      ])
    #expect(rounds.map(\.squaredGradientNorm) == [0.5, nil, 0.125])
    let json = try store.summary().json(pretty: false)
    #expect(json.contains(#""squaredGradientNorm":0.125"#))
    #expect(
      json.contains(
        #""fairness":{"clients":3,"max":0.75,"mean":0.5,"median":0.5,"min":0.25,"percentile10":0.3"#
      ))
    let decoded = try JSONDecoder().decode(RunSummary.self, from: Data(json.utf8))
    #expect(try decoded == store.summary())
    try store.discardRounds(after: 1)
    var record = RoundRecord.example
    record.round = 2
    try store.append(record, book: .example)
    #expect(try store.summary().rounds.map(\.fairness) == [nil, nil])
    #expect(try store.summary().rounds.map(\.squaredGradientNorm) == [0.5, nil])
  }

  @Test(arguments: [
    [], [[3]], [[0, 0], [0, 0]], [[0, 5, 0], [0, 0, 0], [2, 0, 0]], [[0, 0, 1], [4, 4, 0]],
  ])
  func `labels come back as they were kept, also nobody's`(labels: [[Int]]) throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try RunStore.create(at: url, header: .example, labels: labels).close()
    let store = try RunStore.read(at: url)
    #expect(try store.labels() == labels)
    let partition = try store.summary().partition
    #expect(partition == PartitionSummary(of: labels))
    #expect((partition == nil) == labels.isEmpty)
    #expect(try store.summary().json().contains("\"partition\"") == !labels.isEmpty)
  }

  @Test func `what a client tells of its labels takes the place of what was known`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(
      at: directory.file("run.sqlite"), header: .example, labels: [[0, 0, 0], [0, 0, 0]])
    try store.keep(labels: [0, 2, 0], of: 1)
    try store.keep(labels: [1, 0, 4], of: 0)
    #expect(try store.labels() == [[1, 0, 4], [0, 2, 0]])
    try store.keep(labels: [0, 0, 7], of: 0)
    #expect(try store.labels() == [[0, 0, 7], [0, 2, 0]])
  }

  @Test func `a partition is summed up in sizes, labels and their skew`() throws {
    let partition = try #require(PartitionSummary(of: [[4, 0], [0, 2], [1, 1], [0, 0]]))
    #expect(partition.clients == 4 && partition.samples == 8 && partition.labels == 2)
    #expect(partition.size.min == 0 && partition.size.max == 4)
    #expect(partition.size.median == 2 && partition.size.mean == 2)
    #expect(partition.labelsPerClient.min == 0 && partition.labelsPerClient.max == 2)
    #expect(partition.labelsPerClient.mean == 1)
    // Of all samples 5/8 are of label 0: the three clients with samples are 3/8, 5/8 and 1/8 away.
    #expect(abs(partition.labelSkew - 0.375) < 1e-12)
    let alike = try #require(PartitionSummary(of: [[1, 3], [2, 6]]))
    #expect(alike.labelSkew == 0)
  }

  @Test func `a ledger of the second version is read, and goes on`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let first = try RunStore.create(at: url, header: .example, labels: [[1, 2]])
    try first.append(.example, book: .example)
    let before = try first.summary()
    first.close()
    let database = try DatabaseQueue(path: url.path)
    try database.write {
      for table in [
        "holding", "fairness", "gradient", "clock", "training", "best", "extended", "heldOut",
        "heldOutClass", "measuring", "normalization",
      ] {
        try $0.execute(sql: "DROP TABLE \(table)")
      }
      try $0.execute(sql: "ALTER TABLE stage DROP COLUMN memory")
      try $0.execute(sql: "PRAGMA user_version = 2")
    }
    try database.close()
    let reader = try RunStore.read(at: url)
    #expect(try reader.labels().isEmpty)
    #expect(try reader.summary().partition == nil)
    #expect(try reader.summary().rounds == before.rounds)
    reader.close()
    let store = try RunStore.open(at: url)
    var record = RoundRecord.example
    record.round = 2
    record.fairness = Fairness(of: [1])
    try store.append(record, book: .example)
    #expect(try store.summary().rounds.last?.fairness?.mean == 1)
    store.close()
    #expect(try RunStore.open(at: url).summary().rounds.count == 2)
  }

  @Test(arguments: [
    "INSERT INTO holding VALUES (999999999, 0, 1)", "INSERT INTO holding VALUES (0, 999999999, 1)",
    "INSERT INTO holding VALUES (-1, 0, 1)", "UPDATE holding SET samples = -1",
  ])
  func `labels that can't be are refused before there is memory for them`(sql: String) throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try RunStore.create(at: url, header: .example, labels: [[1, 2]]).close()
    let database = try DatabaseQueue(path: url.path)
    try database.write { try $0.execute(sql: sql) }
    try database.close()
    let store = try RunStore.read(at: url)
    #expect(throws: LedgerError.self) { try store.labels() }
  }

  @Test func `a course has its best, its last and the mean of its last five`() throws {
    let course = try #require(ScoreSummary(of: [0.9, nil, 0.1, 0.2, .nan, 0.3, 0.4, 0.5]))
    #expect(course.best == 0.9 && course.last == 0.5)
    #expect(abs(course.meanOfLastFive - 0.3) < 1e-12)
    #expect(ScoreSummary(of: [0.5, 0.25])?.meanOfLastFive == 0.375)
    #expect(ScoreSummary(of: [nil, .infinity]) == nil)
  }
}
