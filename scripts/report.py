"""Write about finished runs for people: report.html, in one file, and MODEL_CARD.md."""

from all_tf.commands.report import main

if __name__ == "__main__":
    main()
