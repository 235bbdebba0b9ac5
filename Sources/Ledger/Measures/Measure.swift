/// A figure of a round, declared once: the ledger and all reports go over ``all``.
///
/// A producer fills in the value of a kept measure; a derived one follows from the rest of the
/// round:
///
/// ```swift
/// var record = RoundRecord(round: 1, stage: 1, elapsed: .seconds(2))
/// record[.accuracy] = 0.87
/// for measure in Measure.all { print(measure.name, measure.unit) }
/// ```
public struct Measure: Sendable {
  /// A unit, which also tells if values are whole numbers.
  public enum Unit: Hashable, Sendable {
    /// A number of things.
    case count
    /// Bytes.
    case bytes
    /// Floating-point operations.
    case operations
    /// Seconds on the run's clock.
    case seconds
    /// A share of a whole, from 0 to 1.
    case share
    /// A number without a unit.
    case number

    /// True if values are whole numbers.
    public var isWhole: Bool { self == .count || self == .bytes }
  }

  /// The rounds that one value is taken over.
  public enum Scope: Hashable, Sendable {
    /// The round alone.
    case round
    /// The rounds of its stage up to it, added up.
    case stage
    /// All rounds of the run up to it, added up.
    case run
  }

  /// The source of the values.
  public enum Source: Sendable {
    /// The producer's value, kept in a column of the ledger.
    case kept(Column)
    /// The value that follows from the rest of the round.
    case derived(@Sendable (RoundSummary) -> Double?)
  }

  /// A column of the ledger.
  public struct Column: Hashable, Sendable {
    /// The table, which has a row for a round.
    public let table: String
    /// The column's name.
    public let name: String
    /// The version of the schema that brought the column.
    public let since: Int
  }

  /// The text of a value for people.
  public enum Format: Hashable, Sendable {
    /// A whole number.
    case count
    /// Bytes with a binary or decimal prefix.
    case bytes
    /// A time in its two leading units.
    case duration
    /// A percentage with so many decimals.
    case percent(Int)
    /// A number with so many decimals.
    case fixed(Int)
    /// Three significant digits, with a power of ten where the number is small.
    case scientific
    /// Three significant digits with a decimal prefix.
    case brief
  }

  /// The name in the round's JSON, with points between those of nested objects: "down.wire".
  public let name: String
  /// The unit of the values.
  public let unit: Unit
  /// The rounds that one value is taken over.
  public var scope = Scope.round
  /// The source of the values.
  public let source: Source
  /// True if the JSON says null where there is no value, instead of nothing.
  public var isAlwaysInJSON = false
  /// The text of a value for people.
  public let format: Format
  /// The column of comma-separated values; nil for none.
  public var csv: CSVColumn?
  /// The column of the page's table of rounds; nil for none.
  public var table: TableColumn?
  /// The line in a plot of the page; nil for none.
  public var plot: Plot?
  /// The words in the text report; nil for none.
  public var text: Words?
  /// The place in comparisons of runs; nil for none.
  public var comparison: Comparison?
  /// The tag of TensorBoard's scalar, "{stage}" standing for the stage; nil for none.
  public var tag: String?
  /// True for rounds whose scalars are left out of TensorBoard's file.
  public var isUntagged: (@Sendable (RoundSummary) -> Bool)?
  /// The family and sample in Prometheus' format; nil for none.
  public var prometheus: Prometheus?
  /// True if the log of a run tells the value after each round.
  public var isLogged = false

  /// The value of a round alone; nil where there is none.
  public func value(in round: RoundSummary) -> Double? {
    switch source {
    case .kept: round.measures[self]
    case .derived(let value): value(round)
    }
  }

  /// The column in the ledger; nil if the value is derived.
  public var column: Column? {
    switch source {
    case .kept(let column): column
    case .derived: nil
    }
  }
}

extension Measure: Hashable {
  /// True if both are the same figure, taken over the same rounds.
  public static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.name == rhs.name && lhs.scope == rhs.scope
  }

  /// Hashes the figure and the rounds that it is taken over.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(scope)
  }
}

/// The values that a producer filled in for a round's kept measures.
public struct MeasureValues: Hashable, Sendable {
  private var values: [String: Double] = [:]

  /// The value of a measure; nil where there is none.
  public subscript(measure: Measure) -> Double? {
    get { values[measure.name] }
    set { values[measure.name] = newValue }
  }
}

extension MeasureValues {
  /// A field of the JSON that is named by a measure.
  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ measure: Measure) { stringValue = measure.name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Reads the fields of all kept measures of an object.
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for measure in Measure.kept {
      self[measure] = try container.decodeIfPresent(Double.self, forKey: Key(measure))
    }
  }

  /// Writes a field for each kept measure; one that isn't finite is unknown.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for measure in Measure.kept {
      let value = self[measure].finite
      if measure.isAlwaysInJSON {
        try container.encode(value, forKey: Key(measure))
      } else {
        try container.encodeIfPresent(value, forKey: Key(measure))
      }
    }
  }
}
