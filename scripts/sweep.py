"""Search for settings of train.py by many trainings on folds of train, by Optuna."""

from all_tf.commands.sweep import main

if __name__ == "__main__":
    main()
