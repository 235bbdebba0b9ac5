extension Measure {
  /// A column of the comma-separated values of a run's rounds.
  public struct CSVColumn: Hashable, Sendable {
    /// The place, counted from 1; new columns come last, so that old places stay.
    public let place: Int
    /// The head.
    public let head: String
  }

  /// A column of the page's table of rounds.
  public struct TableColumn: Hashable, Sendable {
    /// The place among the measures, counted from 1.
    public let place: Int
    /// The head.
    public let head: String
  }

  /// A line in a plot against rounds on a run's page.
  public struct Plot: Hashable, Sendable {
    /// The caption, which lines share that are in one plot: "loss".
    public let caption: String
    /// The title of the vertical axis.
    public let axis: String
    /// The line's name in the legend.
    public let line: String
    /// The numbers along the axis.
    public let format: Format
    /// A sentence for readers below the plots; nil for none.
    public var note: String?
    /// True if the line is drawn only beside others.
    public var isCompanion = false
  }

  /// The words about a run's values in the text report.
  public struct Words: Hashable, Sendable {
    /// The selection of values that is told.
    public enum Choice: Hashable, Sendable {
      /// The first, the last and the lowest one.
      case fall
      /// The first and the last one, or the one that all are.
      case change
      /// The sum over the run, where it isn't zero.
      case sum
    }

    /// The head of the line, which measures share: "Training".
    public let head: String
    /// The measure's name in it.
    public let name: String
    /// The values that are told.
    public let choice: Choice
  }

  /// A column, a plot and a field of comparisons: the last value of each run.
  public struct Comparison: Hashable, Sendable {
    /// The head of the text's column, on two lines.
    public let head: [String]
    /// The rank among columns: the lowest go first where there isn't room.
    public let rank: Int
    /// The name of the page's column and section: "training loss".
    public let title: String
    /// The title of the plot's axis.
    public let axis: String
    /// The caption of the plot.
    public let caption: String
    /// The numbers along the plot's axis.
    public let format: Format
  }

  /// A sample of a metric family in Prometheus' text format.
  public struct Prometheus: Hashable, Sendable {
    /// The kind of a family.
    public enum Kind: String, Hashable, Sendable {
      case gauge, counter
    }

    /// The reduction of a run's rounds to one value.
    public enum Reduction: Hashable, Sendable {
      /// The value of the last round.
      case last
      /// The last value that is known.
      case lastKnown
      /// The value at the run's end, or else of the last evaluated round.
      case final
      /// The sum over all rounds.
      case sum
    }

    /// A label that tells samples of a family apart.
    public struct Label: Hashable, Sendable {
      /// The label's name.
      public let name: String
      /// The sample's value of it.
      public let value: String
    }

    /// The family's name: "progfed_training_loss".
    public let name: String
    /// The family's help; samples of one name have one help.
    public let help: String
    /// The family's kind.
    public let kind: Kind
    /// The reduction of a run's rounds to one value.
    public let reduction: Reduction
    /// The label that tells the samples of a family apart; nil for a single sample.
    public var label: Label?
  }
}
