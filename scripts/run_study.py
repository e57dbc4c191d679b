"""Train the rows of the study one after another and put them beside what it reported."""

from all_tf.commands.run_study import main

if __name__ == "__main__":
    main()
