/// What is trained on and what is tested with: two sets of the same shape and classes.
package struct DatasetSplit: Sendable {
  /// The samples that clients train on.
  package let train: Dataset
  /// The samples that nobody trains on.
  package let test: Dataset
  /// What people should know of the data before it is used, a sentence each.
  package let remarks: [String]

  /// A split into two sets of equal input shape and classes.
  package init(train: Dataset, test: Dataset, remarks: [String] = []) {
    precondition(
      train.input == test.input && train.classes == test.classes
        && train.isSegmentation == test.isSegmentation,
      "\(train.name): training samples \(train.input) of \(train.classes) classes, "
        + "test samples \(test.input) of \(test.classes)")
    self.train = train
    self.test = test
    self.remarks = remarks
  }
}
