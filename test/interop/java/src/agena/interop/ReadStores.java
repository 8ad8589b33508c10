package agena.interop;

import java.io.File;
import java.nio.file.Files;
import java.util.Map;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.config.MessageStoreConfig;

/**
 * Opens store folders as Java does (recovery included), writes what they hold as JSON, closes them.
 * Arguments: pairs of a folder and the file for its report. The folder is changed by being opened.
 * Segment sizes come from the system properties that bear the settings' names, small by default.
 */
public final class ReadStores {
    private ReadStores() {
    }

    public static void main(String[] args) {
        Program.runAndExit(() -> readAll(args));
    }

    private static void readAll(String[] args) throws Exception {
        for (int at = 0; at + 1 < args.length; at += 2) {
            File root = new File(args[at]);
            Map<String, Object> checkpoint = StoreReport.checkpoint(root);
            DefaultMessageStore store = Stores.open(config(root));
            Map<String, Object> report = new StoreReport(store).toMap();
            report.put("checkpoint", checkpoint);
            store.shutdown();
            Files.writeString(new File(args[at + 1]).toPath(), StoreReport.toJson(report));
        }
    }

    private static MessageStoreConfig config(File root) {
        MessageStoreConfig config = Stores.smallConfig(root);
        config.setMappedFileSizeCommitLog(
            Integer.getInteger("mappedFileSizeCommitLog", config.getMappedFileSizeCommitLog()));
        config.setMappedFileSizeConsumeQueue(
            Integer.getInteger("mappedFileSizeConsumeQueue", config.getMappedFileSizeConsumeQueue()));
        config.setMaxHashSlotNum(Integer.getInteger("maxHashSlotNum", config.getMaxHashSlotNum()));
        config.setMaxIndexNum(Integer.getInteger("maxIndexNum", config.getMaxIndexNum()));
        return config;
    }
}
