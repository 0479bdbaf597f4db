"""The main job: draws models, sends them along every route on one TensorFlow, and reports what did not survive."""
